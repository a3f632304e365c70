#include "results/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tbft::results {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <typename Work>
std::string text_of(Work work) {
  try {
    work();
  } catch (const std::exception& error) {
    return error_text(error);
  }
  return "nothing was thrown";
}

TEST(ErrorText, AFileSystemErrorIsAPathAndAReason) {
  EXPECT_EQ(text_of([] { std::filesystem::create_directory("/nowhere/at/all"); }),
            "/nowhere/at/all: No such file or directory");
}

TEST(ErrorText, AJsonErrorHasNeitherTheLibrarysNameNorItsNumber) {
  const auto text = text_of([] { return nlohmann::json::parse("{\"a\":}"); });
  EXPECT_THAT(text, Not(HasSubstr("exception")));
  EXPECT_THAT(text, HasSubstr("parse error at line 1, column 6"));
}

TEST(ErrorText, AStackTraceIsLeftOut) {
  EXPECT_EQ(
      error_text(std::runtime_error("sizes differ\nException raised from add at a.cpp:7 (most recent call first):\nframe")),
      "sizes differ");
}

TEST(ErrorText, MemoryIsNamed) {
  EXPECT_EQ(error_text(std::bad_alloc()), "not enough memory");
}

TEST(ErrorText, OurOwnWordsStay) {
  EXPECT_EQ(error_text(std::runtime_error("t.csv:3: 6 fields")), "t.csv:3: 6 fields");
  EXPECT_EQ(error_text(std::system_error(ENOSPC, std::generic_category(), "cannot write x")),
            "cannot write x: No space left on device");
}

TEST(Decimals, ZeroHasNoSign) {
  EXPECT_EQ(decimals(-0.04, 1), "0.0");
  EXPECT_EQ(decimals(-0.0, 0), "0");
  EXPECT_EQ(decimals(-0.06, 1), "-0.1");
  EXPECT_EQ(decimals(-10, 0), "-10");
}

}  // namespace
}  // namespace tbft::results
