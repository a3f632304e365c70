#include "results/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tbft::results {
namespace {

using ::testing::ElementsAre;

TEST(Layout, CharactersAreCountedAndNotBytes) {
  EXPECT_EQ(characters(""), 0U);
  EXPECT_EQ(characters("abc"), 3U);
  EXPECT_EQ(characters("größer €"), 8U);
}

TEST(Layout, ATextIsCutBetweenCharacters) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdefg", 6), "abc...");
  EXPECT_EQ(cut("ääääää", 6), "ääääää");
  EXPECT_EQ(cut("äääääää", 6), "äää...");
  EXPECT_EQ(cut("€€€€", 2), "€€");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Layout, WithoutAWidthTextStaysAsItIs) {
  const std::string text = "a  b\n\n" + std::string(300, 'x') + " y\n";
  EXPECT_EQ(wrapped(text, 0), text);
  EXPECT_EQ(wrapped("short\nlines\n", 10), "short\nlines\n");
}

TEST(Layout, ALongLineIsBrokenAtBlanks) {
  EXPECT_EQ(wrapped("one two three four\n", 9), "one two\n  three\n  four\n");
  EXPECT_EQ(wrapped("  one two three", 11), "  one two\n    three");
  EXPECT_EQ(wrapped("exactly ten", 11), "exactly ten");
}

TEST(Layout, ALabelKeepsItsColumn) {
  EXPECT_EQ(wrapped("gross     4.2 J of the whole board\n", 20), "gross     4.2 J of\n          the whole\n          board\n");
  EXPECT_EQ(wrapped("  ok            disk: 12 GB free here\n", 32), "  ok            disk: 12 GB free\n                here\n");
}

TEST(Layout, AWordThatIsLongerStaysWholeSoThatItCanBeCopied) {
  EXPECT_EQ(wrapped("see /a/very/long/path here", 10), "see\n  /a/very/long/path\n  here");
  EXPECT_EQ(wrapped("meter     ina219:///dev/i2c-1?addr=0x40 x", 20), "meter     ina219:///dev/i2c-1?addr=0x40\n          x");
}

TEST(Layout, InATableALongWordIsBroken) {
  EXPECT_THAT(lines_of("abcdefgh ij", 4, 0, true), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(lines_of("€€€€€", 2, 0, true), ElementsAre("€€", "€€", "€"));
  EXPECT_THAT(lines_of("", 4, 0, true), ElementsAre(""));
}

}  // namespace
}  // namespace tbft::results
