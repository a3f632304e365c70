// A mistake of the user, in an option or in an experiment file: where, what, and what is allowed. The program exits with 2.
#pragma once

#include <stdexcept>

namespace tbft {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tbft
