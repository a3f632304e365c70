#include "harness/host/terminal.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include <pty.h>
#include <unistd.h>

namespace tbft {
namespace {

std::map<std::string, std::string>& variables() {
  static std::map<std::string, std::string> all;
  return all;
}
const char* fake(const char* name) {
  const auto found = variables().find(name);
  return found == variables().end() ? nullptr : found->second.c_str();
}

// A terminal of `columns`; 0: it does not say.
class Pty {
 public:
  explicit Pty(unsigned short columns) {
    const winsize window{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    if (openpty(&keyboard_, &screen_, nullptr, nullptr, &window) != 0) screen_ = -1;
  }
  ~Pty() {
    close(keyboard_);
    close(screen_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  int file() const { return screen_; }

 private:
  int keyboard_ = -1, screen_ = -1;
};

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override { variables() = {{"TERM", "xterm"}}; }
};

TEST_F(TerminalTest, ATerminalHasItsWidthAndBoldText) {
  const Pty pty(132);
  EXPECT_EQ(layout_of(pty.file(), fake).width, 132U);
  EXPECT_TRUE(layout_of(pty.file(), fake).bold);
  EXPECT_EQ(layout_of(Pty(0).file(), fake).width, 80U);
}

TEST_F(TerminalTest, NoColorAndADumbTerminalAreRespected) {
  const Pty pty(80);
  variables()["NO_COLOR"] = "";
  EXPECT_TRUE(layout_of(pty.file(), fake).bold) << "an empty value does not count";
  variables()["NO_COLOR"] = "1";
  EXPECT_FALSE(layout_of(pty.file(), fake).bold);
  variables() = {{"TERM", "dumb"}};
  EXPECT_FALSE(layout_of(pty.file(), fake).bold);
  variables().clear();
  EXPECT_FALSE(layout_of(pty.file(), fake).bold);
}

TEST_F(TerminalTest, WhatIsRedirectedHasAnyWidthAndNoBoldText) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  EXPECT_EQ(layout_of(fileno(file.get()), fake).width, 0U);
  EXPECT_FALSE(layout_of(fileno(file.get()), fake).bold);
  variables()["COLUMNS"] = "100";
  EXPECT_EQ(layout_of(fileno(file.get()), fake).width, 100U);
  EXPECT_FALSE(layout_of(fileno(file.get()), fake).bold);
}

TEST_F(TerminalTest, ColumnsOverridesTheWindowIfItIsAWidth) {
  const Pty pty(132);
  variables()["COLUMNS"] = "90";
  EXPECT_EQ(layout_of(pty.file(), fake).width, 90U);
  for (const char* odd : {"", "0", "-5", "wide", "80x", "19", "100000"}) {
    variables()["COLUMNS"] = odd;
    EXPECT_EQ(layout_of(pty.file(), fake).width, 132U) << odd;
  }
}

TEST(Terminal, TheLocaleSaysWhetherItShowsUnicode) {
  variables() = {};
  EXPECT_FALSE(wants_unicode(fake));
  variables() = {{"LANG", "de_DE.UTF-8"}};
  EXPECT_TRUE(wants_unicode(fake));
  variables() = {{"LANG", "de_DE.UTF-8"}, {"LC_ALL", "C"}};
  EXPECT_FALSE(wants_unicode(fake)) << "LC_ALL comes first";
  variables() = {{"LANG", "C"}, {"LC_CTYPE", "C.utf8"}, {"LC_ALL", ""}};
  EXPECT_TRUE(wants_unicode(fake));
}

}  // namespace
}  // namespace tbft
