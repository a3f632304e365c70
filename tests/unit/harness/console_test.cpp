#include "harness/host/console.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace tbft {
namespace {

class ConsoleTest : public testing::Test {
 protected:
  std::FILE* stream() const { return file_.get(); }
  std::string written() const {
    std::string text(1000, '\0');
    std::rewind(file_.get());
    text.resize(std::fread(text.data(), 1, text.size(), file_.get()));
    return text;
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_{std::tmpfile()};
};

TEST_F(ConsoleTest, AFileGetsLinesAndNoProgress) {
  {
    Console console(stream());
    EXPECT_FALSE(console.terminal());
    console.progress("[==> ] 1/4");
    console.line("one");
    console.progress("[===>] 2/4");
    console.warning("two");
  }
  EXPECT_EQ(written(), "one\ntbft: warning: two\n");
}

TEST_F(ConsoleTest, ALineCannotSteerTheTerminal) {
  Console(stream()).line("a\x1b[2J\tb\x7f\nc \xc3\xa4");
  EXPECT_EQ(written(), "a?[2J\tb?\nc \xc3\xa4\n");
}

TEST_F(ConsoleTest, ATerminalsProgressIsReplacedAndLeavesNothing) {
  {
    Console console(stream(), true);
    console.progress("a");
    console.progress("b");
    console.line("done");
    console.progress("c");
  }
  EXPECT_EQ(written(), "\r\x1b[Ka\r\x1b[Kb\r\x1b[Kdone\n\r\x1b[Kc\r\x1b[K");
}

TEST_F(ConsoleTest, ALongProgressLineIsCutToTheTerminalAsItIsNow) {
  std::size_t width = 10;
  {
    Console console(stream(), true, [&] { return width; });
    console.progress("ten or more");
    console.progress("äöüäöüäöüäöü");
    width = 20;  // the user has made the window wider
    console.progress("ten or more");
  }
  EXPECT_EQ(written(), "\r\x1b[Kten or...\r\x1b[Käöüäöü...\r\x1b[Kten or more\r\x1b[K");
}

TEST(Bar, IsAsFullAsTheWorkIsDone) {
  EXPECT_EQ(bar(0, 4), "[>   ]");
  EXPECT_EQ(bar(0.5, 4), "[==> ]");
  EXPECT_EQ(bar(0.75, 4), "[===>]");
  EXPECT_EQ(bar(1, 4), "[====]");
  EXPECT_EQ(bar(-1, 4), bar(0, 4));
  EXPECT_EQ(bar(2, 4), bar(1, 4));
  EXPECT_EQ(bar(0.5).size(), 22U);
}

TEST(DurationText, HasTheUnitsThatFitItsLength) {
  EXPECT_EQ(duration_text(-3), "0 s");
  EXPECT_EQ(duration_text(0.4), "0 s");
  EXPECT_EQ(duration_text(45), "45 s");
  EXPECT_EQ(duration_text(99.4), "99 s");
  EXPECT_EQ(duration_text(99.6), "1 min 40 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(605), "10 min 05 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(100 * 3600), "100 h 00 min");
}

}  // namespace
}  // namespace tbft
