#include "power/protocol/number_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/message_of.h"

namespace tbft::power {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

NumberLines lines_of(std::string_view unit, std::size_t skip = 0) {
  return NumberLines(parse_line_format(unit).value(), skip);
}

// The numbers of all complete lines of unit W.
std::vector<double> watts(std::string_view text, std::size_t skip = 0) {
  NumberLines lines = lines_of("W", skip);
  lines.feed(text);
  std::vector<double> all;
  while (const auto line = lines.next()) all.push_back(line->watts_W.value);
  return all;
}

std::string refusal(std::string_view unit, std::string_view text) {
  return message_of<BadLine>([&] {
    NumberLines lines = lines_of(unit);
    lines.feed(text);
    while (lines.next()) continue;
  });
}

TEST(NumberLines, ANumberALineBlankLinesAndRemarksAside) {
  EXPECT_EQ(watts("5.0\n\n# watts\n  -2.5e-1\t\r\n+7\n 8"), (std::vector<double>{5, -0.25, 7}));
  EXPECT_EQ(watts("watts\n5\n", 1), (std::vector<double>{5}));
}

TEST(NumberLines, BytesMayComeInPieces) {
  NumberLines lines = lines_of("V,A");
  for (const char* piece : {"5.", "1,1", ".25", "\n5", ".2,1.5\n"}) {
    lines.feed(piece);
    if (piece[0] != '\n') continue;
    const auto line = lines.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->volts_V.value, 5.1);
    EXPECT_EQ(line->amps_A.value, 1.25);
    EXPECT_TRUE(std::isnan(line->watts_W.value));
  }
  EXPECT_EQ(lines.next()->amps_A.value, 1.5);
  EXPECT_FALSE(lines.next());
}

TEST(NumberLines, EveryFormatHasItsNumbers) {
  for (const std::string_view unit : {"W", "V,A", "J", "t,W", "t,V,A", "t,J"}) {
    const auto format = parse_line_format(unit);
    ASSERT_TRUE(format) << unit;
    EXPECT_EQ(to_string(*format), unit);
    NumberLines lines(*format);
    lines.feed("1 2 3\n");
    if (format->numbers() != 3) {
      EXPECT_THROW(lines.next(), BadLine) << unit;
    }
  }
  for (const std::string_view unit : {"", "w", "A,V", "t", "t,", "t,t,W", "W,", "V;A"})
    EXPECT_FALSE(parse_line_format(unit)) << unit;
  for (const std::string_view text : {"17.5,5,2\n", "17.5;5;2\n", "17.5 5\t2\n", "17.5 , 5 ; 2\n"}) {
    NumberLines lines = lines_of("t,V,A");
    lines.feed(text);
    const auto line = lines.next();
    ASSERT_TRUE(line) << text;
    EXPECT_EQ(line->time_s.value, 17.5);
    EXPECT_EQ(line->volts_V.value, 5);
    EXPECT_EQ(line->amps_A.value, 2);
  }
}

TEST(NumberLines, TheStepIsThatOfTheLastDigit) {
  const auto step = [](std::string_view text) {
    NumberLines lines = lines_of("W");
    lines.feed(text);
    return lines.next()->watts_W.step;
  };
  EXPECT_DOUBLE_EQ(step("5.0\n"), 0.1);
  EXPECT_DOUBLE_EQ(step("5\n"), 1);
  EXPECT_DOUBLE_EQ(step("-0.125\n"), 1e-3);
  EXPECT_DOUBLE_EQ(step("1.25e-3\n"), 1e-5);
  EXPECT_DOUBLE_EQ(step("12e+2\n"), 100);
  EXPECT_EQ(step("nan\n"), 0);
}

TEST(NumberLines, TheFirstBadLineNamesItself) {
  EXPECT_THAT(refusal("W", "5\n\noffline\n6\n"), AllOf(HasSubstr("line 3 "), HasSubstr("`offline`"), HasSubstr("unit=W")));
  for (const char* bad :
       {"5.0 W\n", "5,0\n", "inf\n", "-inf\n", "1e999\n", "0x10\n", "5..0\n", "--5\n", "+-5\n", "1,\n2,,3\n", "NaNs\n"})
    EXPECT_THAT(refusal("W", bad), HasSubstr("line ")) << bad;
  EXPECT_THAT(refusal("V,A", "5\n"), AllOf(HasSubstr("has 1 numbers"), HasSubstr("2 numbers a line")));
  EXPECT_THAT(refusal("t,W", "nan 5\n"), HasSubstr("no time"));
  const auto odd = refusal("W", "\x1b[2J\xff" + std::string(500, 'x') + "\n");
  EXPECT_EQ(odd.find('\x1b'), std::string::npos) << "a terminal's commands are not printed";
  EXPECT_LT(odd.size(), 200U);
}

TEST(NumberLines, AnUnknownNumberIsUnknown) {
  NumberLines lines = lines_of("V,A");
  lines.feed("nan,1\n5,NaN\n5,1\n");
  EXPECT_FALSE(lines.next()->known());
  EXPECT_FALSE(lines.next()->known());
  EXPECT_TRUE(lines.next()->known());
}

TEST(NumberLines, ALineIsBounded) {
  EXPECT_EQ(watts(std::string(NumberLines::longest_line - 1, '0') + "5\n"), (std::vector<double>{5}));
  EXPECT_THAT(refusal("W", std::string(NumberLines::longest_line + 1, '0')), HasSubstr("longer than 4096 bytes"));
}

}  // namespace
}  // namespace tbft::power
