// A user's mistake in an option or an experiment file. The message says where, what, and what is allowed. The program exits
// with 2.
#pragma once

#include <stdexcept>

namespace tbft {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tbft
