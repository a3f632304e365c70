#include "results/tables/text_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace tbft::results {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, characters(line));
  return width;
}

Section numbers() {
  Section section{.cells = {{"strategy", "n", "accuracy %", "paper %", "paper saving %"},
                            {"fc", "2", "47.44 +- 0.16", "59.06 +- 0.41", "67.9"},
                            {"block1", "2", "62.00 +- 0.94", "47.30 +- 1.05", "15.1"}}};
  section.least_needed = {4, 3, 1};
  return section;
}

TEST(TextTable, WithoutAWidthEveryColumnIsThere) {
  const auto table = text_table(numbers(), {});
  EXPECT_EQ(table.text,
            "strategy  n     accuracy %        paper %  paper saving %\n"
            "fc        2  47.44 +- 0.16  59.06 +- 0.41            67.9\n"
            "block1    2  62.00 +- 0.94  47.30 +- 1.05            15.1\n");
  EXPECT_THAT(table.left_out, IsEmpty());
}

TEST(TextTable, TheLeastNeededColumnsGoFirstAndNoMoreThanNecessary) {
  EXPECT_THAT(text_table(numbers(), {.width = 57}).left_out, IsEmpty());
  const auto narrow = text_table(numbers(), {.width = 56});
  EXPECT_THAT(narrow.left_out, ElementsAre("paper saving %"));
  EXPECT_THAT(narrow.text, HasSubstr("59.06"));
  const auto narrower = text_table(numbers(), {.width = 28});
  EXPECT_THAT(narrower.left_out, ElementsAre("paper saving %", "paper %"));
  EXPECT_LE(widest(narrower.text), 28U);
  EXPECT_THAT(text_table(numbers(), {.width = 24}).left_out, ElementsAre("paper saving %", "paper %", "n"));
}

TEST(TextTable, PublishedNumbersInACellGoFirst) {
  Section section{.cells = {{"tuned", "noise in block1"}, {"block1", "62.00 [53.53, 70.47] * | 47.30 *"}}};
  section.published_behind = " | ";
  EXPECT_THAT(text_table(section, {.width = 80}).text, HasSubstr("47.30"));
  const auto narrow = text_table(section, {.width = 32});
  EXPECT_THAT(narrow.text, AllOf(HasSubstr("62.00 [53.53, 70.47] *\n"), Not(HasSubstr("47.30"))));
  EXPECT_THAT(narrow.left_out, ElementsAre("the paper's numbers"));
}

TEST(TextTable, LongTextIsBrokenWithinItsCellAndNumbersAreNot) {
  const Section section{.cells = {{"setting", "A", "B"},
                                  {"cpu", "a processor with a long name that has many words", "another one of many words here"},
                                  {"J", "12.5 +- 0.3", "11.0"}}};
  const auto table = text_table(section, {.width = 60});
  EXPECT_LE(widest(table.text), 60U);
  EXPECT_THAT(table.text,
              AllOf(HasSubstr("12.5 +- 0.3"), HasSubstr("11.0"), Not(HasSubstr("processor with a long name that has"))));
  EXPECT_THAT(table.left_out, IsEmpty());
}

TEST(TextTable, WhatCannotBeNarrowedContinuesBelowWithTheFirstColumnAgain) {
  Section section{.cells = {{"block"}, {"fc"}}};
  for (int i = 0; i < 6; ++i) {
    section.cells[0].push_back("column" + std::to_string(i));
    section.cells[1].push_back("1234.567" + std::to_string(i));
  }
  const auto table = text_table(section, {.width = 40});
  EXPECT_LE(widest(table.text), 40U);
  EXPECT_EQ(std::count(table.text.begin(), table.text.end(), '\n'), 4);
  for (int i = 0; i < 6; ++i) EXPECT_THAT(table.text, HasSubstr("1234.567" + std::to_string(i)));
  EXPECT_EQ(table.text.find("block"), 0U);
  EXPECT_NE(table.text.find("\nblock"), std::string::npos);
}

TEST(TextTable, EvenTheNarrowestTerminalGetsNoWiderLine) {
  const Section section{.cells = {{"name", "value"}, {std::string(50, 'n'), std::string(70, 'v')}}};
  for (const std::size_t width : {20U, 21U, 40U, 79U}) EXPECT_LE(widest(text_table(section, {.width = width}).text), width);
}

TEST(TextTable, TheWinnerIsBoldOnATerminalAloneAndColumnsStayAligned) {
  Section section{.cells = {{"strategy", "accuracy %"}, {"fc", "47.44"}, {"block1", "62.00"}}};
  section.winners = {{2, 0}, {2, 1}};
  EXPECT_THAT(text_table(section, {}).text, Not(HasSubstr("\x1b")));
  EXPECT_EQ(text_table(section, {.bold = true}).text,
            "strategy  accuracy %\n"
            "fc             47.44\n"
            "\x1b[1mblock1\x1b[0m         \x1b[1m62.00\x1b[0m\n");
}

TEST(TextTable, ANoteNamesWhatIsNotShownOnceForTablesOfOneKind) {
  const std::vector<Section> sections{numbers(), numbers()};
  EXPECT_THAT(to_text(sections), Not(HasSubstr("not shown")));
  const std::string text = to_text(sections, {.width = 40});
  const auto first = text.find("not shown at this width: paper saving %");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find("not shown", first + 1), std::string::npos) << text;
  EXPECT_LE(widest(text), 40U);
}

TEST(TextTable, TitlesCaptionsLegendAndLinesAreBroken) {
  const std::string words = "many words that are longer than the forty characters of this width, in all";
  const std::vector<Section> sections{
      {.title = words, .captions = {words}, .legend = words + ";\n" + words + ".\n", .lines = {words}}};
  EXPECT_LE(widest(to_text(sections, {.width = 40})), 40U);
  EXPECT_EQ(to_text(sections), words + "\n" + words + "\n" + words + ";\n" + words + ".\n" + words + "\n");
}

}  // namespace
}  // namespace tbft::results
