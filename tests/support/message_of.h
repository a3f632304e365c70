#pragma once

#include <gtest/gtest.h>

#include <string>

namespace tbft::test {

// The message of the Error that `action` throws; a test failure and "" if it does not.
template <typename Error, typename Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace tbft::test
