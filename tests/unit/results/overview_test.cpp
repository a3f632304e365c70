#include "results/tables/overview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "results/report.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The blocks, none and full: block1 is the best block with 70 %, full has `full_pct`.
std::vector<CellRow> level(const std::string& drift, const std::string& condition, double full_pct,
                           const std::string& dataset = "synthetic") {
  std::vector<CellRow> rows{row("none", 0, 40, 0),    row("block1", 0, 70, 17), row("block2", 0, 66, 14),
                            row("block3", 0, 60, 11), row("fc", 0, 44, 6),      row("full", 0, full_pct, 20)};
  for (CellRow& cell : rows) {
    cell.drift = drift;
    cell.condition = condition;
    cell.dataset = dataset;
  }
  return rows;
}

std::vector<CellRow> operator+(std::vector<CellRow> a, const std::vector<CellRow>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<CellRow> three_levels() {
  return level("input", "", 72) + level("feature", "", 69) + level("output", "", 30);
}

Section summary_of(const std::vector<CellRow>& rows) {
  return section_of(summarize({.cells = rows}).overviews.at(0));
}

std::vector<std::string> line_of(const Section& section, const std::string& strategy) {
  for (const auto& line : section.cells) {
    if (line.front() == strategy) return line;
  }
  return {};
}

std::vector<std::string> titles_of(const std::vector<Section>& sections) {
  std::vector<std::string> titles;
  for (const Section& section : sections) {
    if (!section.title.empty()) titles.push_back(section.title);
  }
  return titles;
}

TEST(Overview, HasAccuracyJoulesAndSavingOfEveryLevel) {
  const Section section = summary_of(three_levels());
  EXPECT_EQ(section.title, "Summary");
  EXPECT_THAT(section.cells.front(), ElementsAre("strategy", "input: accuracy %", "input: train J", "input: saving %",
                                                 "feature: accuracy %", "feature: train J", "feature: saving %",
                                                 "output: accuracy %", "output: train J", "output: saving %"));
  EXPECT_THAT(line_of(section, "fc"),
              ElementsAre("fc", "44.0", "6.00", "70.0", "44.0", "6.00", "70.0", "44.0", "6.00", "70.0"));
  EXPECT_THAT(section.captions, testing::Contains(HasSubstr("board joules of training, net of idle")));
}

TEST(Overview, MarksTheBestBlockAndWhatBeatsIt) {
  const Section section = summary_of(three_levels());
  EXPECT_THAT(line_of(section, "block1"),
              ElementsAre("block1", "70.0 *", "17.0", "15.0", "70.0 *", "17.0", "15.0", "70.0 *", "17.0", "15.0"));
  EXPECT_EQ(line_of(section, "full")[1], "72.0 ^");
  EXPECT_EQ(line_of(section, "full")[4], "69.0");
  EXPECT_THAT(section.lines, ElementsAre(HasSubstr("*: best block")));
  // Without all blocks nothing is called the best of them.
  const Section two = summary_of({row("block1", 0, 70, 17), row("full", 0, 69, 20), [] {
                                    CellRow other = row("full", 0, 50, 20);
                                    other.drift = "output";
                                    return other;
                                  }()});
  EXPECT_EQ(line_of(two, "block1")[1], "70.0 ^");
  EXPECT_EQ(line_of(two, "full")[4], "50.0") << "one strategy is no best one";
}

TEST(Overview, AveragesConditionsAndSizes) {
  std::vector<CellRow> rows = level("input", "fog-5", 72) + level("input", "snow-5", 62) + level("output", "", 30);
  for (CellRow cell : level("output", "", 50)) {
    cell.train_size = 0.3;
    rows.push_back(cell);
  }
  const auto full = line_of(summary_of(rows), "full");
  EXPECT_EQ(full[1], "67.0");
  EXPECT_EQ(full[4], "40.0");
}

TEST(Overview, DataSetsOfOneLevelAreNamed) {
  const Section section = summary_of(level("input", "", 72) + level("input", "", 72, "cifar10-c"));
  EXPECT_EQ(section.cells.front()[1], "input, cifar10-c: accuracy %");
  EXPECT_EQ(section.cells.front()[4], "input, synthetic: accuracy %");
}

TEST(Overview, AnEstimateInOneLevelIsSaidOfThatLevel) {
  std::vector<CellRow> rows = three_levels();
  for (CellRow& cell : rows) {
    if (cell.drift != "output") continue;
    cell.meter = "estimate://";
    cell.measured = 0;
  }
  EXPECT_THAT(summary_of(rows).captions, testing::Contains(StartsWith("output: joules are an estimate (estimate://), not")));
}

// The tables of single conditions, which would say so too, are not shown.
TEST(Overview, SaysWhyJoulesAreMissing) {
  std::vector<CellRow> rows = level("input", "fog-5", 72) + level("input", "snow-5", 62);
  rows[1].status = "invalid";
  for (const std::size_t i : {7U, 8U}) {
    rows[i].other_cpu_pct = 45;
    rows[i].train_net_J.reset();
    rows[i].train_gross_J.reset();
  }
  const std::string text = report({.cells = rows}, Format::text);
  for (const std::size_t from : {std::size_t{0}, text.find("mean of 2 conditions")}) {
    EXPECT_THAT(text.substr(from), HasSubstr("\n1 cell without valid energy"));
    EXPECT_THAT(text.substr(from), HasSubstr("\ntraining joules and times of 2 cells left out: other programs"));
  }
}

TEST(Overview, LevelsStayWholeInNarrowText) {
  const Section section = summary_of(three_levels());
  const std::string text = to_text(std::vector{section}, {.width = 80});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_THAT(text, HasSubstr("\nfull          72.0 ^        20.0           -      69.0          20.0           -\n"));
  EXPECT_THAT(text, HasSubstr("\nfull                   30.0               20.0                 -\n"));
}

TEST(Overview, ASingleTableIsItsOwnSummary) {
  const std::string text = report({.cells = level("input", "", 72)}, Format::text);
  EXPECT_THAT(text, StartsWith("Summary\ninput drift: the best block is block1 with 70.0 %"));
  EXPECT_THAT(text, HasSubstr("70.00 *"));
  EXPECT_THAT(text, Not(HasSubstr("input: accuracy")));
}

TEST(Overview, WithoutJoulesItHasAccuraciesAlone) {
  std::vector<CellRow> rows = three_levels();
  for (CellRow& cell : rows) {
    cell.train_net_J.reset();
    cell.train_gross_J.reset();
  }
  EXPECT_THAT(summary_of(rows).cells.front(),
              ElementsAre("strategy", "input: accuracy %", "feature: accuracy %", "output: accuracy %"));
}

TEST(Detail, TablesOfSingleConditionsAreLeftOutWhereAMeanStandsForThem) {
  const std::vector<CellRow> rows = level("input", "fog-5", 72) + level("input", "snow-5", 62) + level("output", "flip", 30);
  for (const Format format : {Format::text, Format::md}) {
    const std::string means = report({.cells = rows}, format);
    EXPECT_THAT(means, AllOf(HasSubstr("mean of 2 conditions"), HasSubstr("output drift, flip"), Not(HasSubstr("fog-5"))));
    EXPECT_THAT(means, HasSubstr("not shown: 2 tables of single conditions"));
    const std::string all = report({.cells = rows}, format, {}, Detail::all);
    EXPECT_THAT(all,
                AllOf(HasSubstr("fog-5"), HasSubstr("snow-5"), HasSubstr("output drift, flip"), Not(HasSubstr("not shown"))));
  }
  for (const Format format : {Format::csv, Format::json, Format::latex})
    EXPECT_THAT(report({.cells = rows}, format), AllOf(HasSubstr("fog-5"), HasSubstr("snow-5")));
  std::vector<std::string> details;
  for (const Section& section : sections_of(summarize({.cells = rows}))) {
    if (section.detail) details.push_back(section.title);
  }
  EXPECT_THAT(details, ElementsAre(HasSubstr("fog-5"), HasSubstr("snow-5")));
}

// Only tables whose cells are in the mean may hide behind it.
TEST(Detail, TablesThatAMeanLeavesOutOrThatHaveNoConditionAreShown) {
  std::vector<CellRow> rows = level("input", "fog-5", 72) + level("input", "snow-5", 62) + level("input", "haze-5", 62);
  std::erase_if(rows, [](const CellRow& cell) { return cell.condition == "haze-5" && cell.strategy == "fc"; });
  const std::string text = report({.cells = rows}, Format::text);
  EXPECT_THAT(text, AllOf(HasSubstr("mean of 2 of 3 conditions"), HasSubstr("haze-5"), Not(HasSubstr("fog-5"))));
  EXPECT_THAT(text, HasSubstr("not shown: 2 tables of single conditions"));
  rows = level("input", "fog-5", 72) + level("input", "snow-5", 62) + level("input", "", 50);
  EXPECT_THAT(report({.cells = rows}, Format::text), HasSubstr("\nsynthetic, input drift, 10 % of the data for training\n"));
}

TEST(Titles, AreUniqueAndNameTheOriginOnlyWhereItDiffers) {
  std::vector<CellRow> rows = level("input", "", 72);
  for (CellRow& cell : rows) cell.board = "Pi 4";
  EXPECT_THAT(titles_of(sections_of(summarize({.cells = rows}))),
              ElementsAre("Summary", "synthetic, input drift, 10 % of the data for training"));
  EXPECT_THAT(report({.cells = rows}, Format::text), HasSubstr("\nPi 4\nboard joules"));
  for (CellRow cell : level("input", "", 72)) {
    cell.board = "Pi 5";
    rows.push_back(cell);
  }
  const auto titles = titles_of(sections_of(summarize({.cells = rows})));
  EXPECT_THAT(titles, testing::Contains("Summary, Pi 4"));
  EXPECT_THAT(titles, testing::Contains("synthetic, input drift, 10 % of the data for training, Pi 5"));
  EXPECT_EQ(std::set<std::string>(titles.begin(), titles.end()).size(), titles.size());
}

TEST(Titles, ANumberTellsWhatHasTheSameOrigin) {
  StepCostRow step;
  step.variant = "tbft";
  step.strategy = "full";
  step.pixels = 32;
  step.classes = 10;
  step.run_id = "a";
  StepCostRow again = step;
  again.run_id = "b";
  EXPECT_THAT(
      titles_of(sections_of(summarize({.step_costs = {step, again}}))),
      ElementsAre("one training step of one image, 32px-10out, tbft", "one training step of one image, 32px-10out, tbft (2)"));
}

TEST(Paper, StandsBesideNoSyntheticShapes) {
  for (const Format format : {Format::text, Format::md, Format::latex}) {
    EXPECT_THAT(report({.cells = three_levels()}, format), Not(HasSubstr("paper")));
  }
  EXPECT_THAT(report({.cells = level("output", "", 30, "cifar-flip")}, Format::text),
              AllOf(HasSubstr("paper saving %"), HasSubstr("; paper: fc"), HasSubstr("the paper's headline recomputed")));
}

TEST(Epochs, AreAColumnWithTheirMean) {
  std::vector<CellRow> rows = level("input", "", 72);
  for (CellRow cell : level("input", "", 72)) {
    cell.repetition = 1;
    rows.push_back(cell);
  }
  for (CellRow& cell : rows) cell.epochs = cell.strategy == "full" ? 8 : 10 + *cell.repetition;
  const auto table = summarize({.cells = rows}).tables.at(0);
  const Section section = section_of(table);
  ASSERT_EQ(section.cells.front()[6], "epochs");
  EXPECT_EQ(line_of(section, "fc")[6], "10.5");
  EXPECT_EQ(line_of(section, "block-avg")[6], "10.5");
  EXPECT_EQ(line_of(section, "full")[6], "8");
  EXPECT_THAT(report({.cells = rows}, Format::csv), HasSubstr(",,10.5,\n"));
  for (CellRow& cell : rows) cell.epochs.reset();
  EXPECT_EQ(line_of(section_of(summarize({.cells = rows}).tables.at(0)), "full")[6], "-");
}

}  // namespace
}  // namespace tbft::results
