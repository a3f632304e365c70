#include "results/tables/winner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "results/report.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

// Three repetitions. block1 is the best block with 70 % in the mean, for 10 J; U is 1 % of the joules.
std::vector<CellRow> cells(double full_pct, double full_J) {
  std::vector<CellRow> rows;
  for (const std::int64_t r : {0, 1, 2}) {
    const double wobble = 0.1 * static_cast<double>(r - 1);
    rows.push_back(row("block1", r, 70 + wobble, 10));
    rows.push_back(row("block2", r, 60, 8));
    rows.push_back(row("block3", r, 50, 6));
    rows.push_back(row("fc", r, 40, 4));
    rows.push_back(row("full", r, full_pct - wobble, full_J));
  }
  for (CellRow& cell : rows) cell.U_train_net_J = cell.U_random_train_net_J = 0.01 * *cell.train_net_J;
  return rows;
}

Winner winner_of(const std::vector<CellRow>& rows) {
  return summarize({.cells = rows}).winners.at(0);
}

std::vector<std::string> rivals(const std::vector<CellRow>& rows) {
  return rival_lines(winner_of(rows), false);
}

std::string joules(const std::vector<CellRow>& rows) {
  return joules_line(winner_of(rows), false);
}

// The differences are 5.2, 5.0 and 4.8 points: sd 0.2, t = 4.303, so 5 +- 0.497.
TEST(Rivals, FullIsComparedWithTheBestBlock) {
  EXPECT_THAT(rivals(cells(75, 20)), ElementsAre("input drift: full is better but not cheaper than block1: 75.0 % "
                                                 "(+5.0 points [4.5, 5.5]), 2.000 +- 0.016 times the joules of block1"));
  EXPECT_THAT(rivals(cells(65, 20)),
              ElementsAre(HasSubstr("full is neither better nor cheaper than block1: 65.0 % (-5.0 points")));
  EXPECT_THAT(rivals(cells(65, 5)), ElementsAre(HasSubstr("full is cheaper but not better than block1")));
  EXPECT_THAT(rivals(cells(75, 5)), ElementsAre(HasSubstr("full is better and cheaper than block1")));
}

TEST(Rivals, WhatTheIntervalsLeaveOpenIsNotClear) {
  EXPECT_THAT(rivals(cells(70.1, 20)), ElementsAre(HasSubstr("full is not clearly better and not cheaper than block1")));
  // U of the ratio is 1.4 % of it, less for the mean of three.
  EXPECT_THAT(rivals(cells(75, 9.95)), ElementsAre(HasSubstr("full is better but not clearly cheaper")));
  EXPECT_THAT(rivals(cells(75, 9.5)), ElementsAre(HasSubstr("full is better and cheaper")));
}

TEST(Rivals, AreBnStatsNoneWhereItIsNoWorseAndTheMostAccurateStrategy) {
  auto rows = cells(65, 20);
  for (const std::int64_t r : {0, 1, 2}) {
    rows.push_back(row("bn-stats", r, 69, 3));
    rows.push_back(row("none", r, 30, 0));
    rows.push_back(row("relabel", r, 80, 1));
    rows.push_back(row("tent", r, 75, 1));
    for (std::size_t i = rows.size() - 4; i < rows.size(); ++i) rows[i].U_train_net_J = rows[i].U_random_train_net_J = 0.01;
  }
  EXPECT_THAT(rivals(rows), ElementsAre(HasSubstr(": full is"), HasSubstr(": bn-stats is cheaper but not better than block1"),
                                        HasSubstr(": relabel is better and cheaper than block1: 80.0 % (+10.0 points")));
  for (CellRow& cell : rows) {
    if (cell.strategy == "none") cell.accuracy_pct = 70;
  }
  EXPECT_THAT(rivals(rows), Contains(AllOf(HasSubstr(": none is cheaper but not better than block1: 70.0 % (0.0 points"),
                                           EndsWith("no training joules"))));
}

// 100 test images: full is right on 60 and block1 on 40 others of them, or on 52 and 48.
TEST(Rivals, OneRepetitionIsJudgedByItsTestImages) {
  const auto verdict = [](std::size_t right_by_full, bool with_images) {
    std::vector<CellRow> rows;
    Correctness correctness;
    for (const std::string strategy : {"block1", "block2", "block3", "fc", "full"}) {
      const std::size_t right = strategy == "full" ? right_by_full : strategy == "block1" ? 100 - right_by_full : 0;
      rows.push_back(row(strategy, 0, static_cast<double>(right), 10));
      rows.back().n_test = 100;
      rows.back().correct = static_cast<std::int64_t>(right);
      std::vector<float> scores(100, 0);
      for (std::size_t i = 0; i < right; ++i) scores[strategy == "full" ? i : 99 - i] = 1;
      if (with_images) correctness[{"", rows.back().cell_id}] = std::make_shared<const std::vector<float>>(scores);
    }
    return rival_lines(summarize({.cells = rows, .correctness = correctness}).winners.at(0), false).at(0);
  };
  // The differences are 60 times 1 and 40 times -1: sd 0.985, so 20 +- 19.3 points.
  EXPECT_THAT(verdict(60, true), AllOf(HasSubstr("full is better but seems not cheaper than"),
                                       HasSubstr("(+20.0 points, [0.7, 39.3] over test images)")));
  EXPECT_THAT(verdict(52, true), HasSubstr("full is not clearly better"));
  EXPECT_THAT(verdict(52, false),
              AllOf(HasSubstr("full seems better but not cheaper than"), HasSubstr("(+4.0 points, one repetition)")));
  EXPECT_THAT(verdict(48, false), HasSubstr("full seems neither better nor cheaper than"));
}

// `cells` of the first repetition alone, estimated without uncertainty.
std::vector<CellRow> one_estimate(double full_pct, double full_J) {
  auto rows = cells(full_pct, full_J);
  std::erase_if(rows, [](const CellRow& cell) { return cell.repetition != 1; });
  for (CellRow& cell : rows) {
    cell.meter = "estimate://";
    cell.measured = 0;
    cell.U_train_net_J.reset();
    cell.U_random_train_net_J.reset();
  }
  return rows;
}

TEST(Rivals, WithoutAnUncertaintyTheAnswerSeemsSo) {
  EXPECT_THAT(rivals(one_estimate(75, 9)), ElementsAre(HasSubstr("full seems better and cheaper than block1")));
  EXPECT_THAT(rivals(one_estimate(75, 9.998)), ElementsAre(HasSubstr("full seems better but not cheaper than block1")));
  auto rows = cells(75, 9);  // 0.9 +- 0.013 by the meter
  std::erase_if(rows, [](const CellRow& cell) { return cell.repetition != 0; });
  EXPECT_THAT(rivals(rows), ElementsAre(AllOf(HasSubstr("full seems better and is cheaper than block1"),
                                              EndsWith("(+- of the meter alone, one repetition)"))));
}

TEST(JoulesLine, OneRepetitionIsSaidAndHasTheMetersUncertaintyAlone) {
  auto rows = cells(35, 34);
  std::erase_if(rows, [](const CellRow& cell) { return cell.repetition != 1; });
  EXPECT_THAT(joules(rows), EndsWith("at +35.0 points (+- of the meter alone, one repetition)"));
  EXPECT_THAT(joules(one_estimate(35, 34)), EndsWith("at +35.0 points (not measured, one repetition)"));
}

TEST(JoulesLine, EqualInThreeDigitsIsAboutAsMany) {
  for (const double full_J : {10.004, 9.996})
    EXPECT_THAT(joules(one_estimate(72, full_J)), HasSubstr("used about as many joules as full (full used 1.00"));
  EXPECT_THAT(joules(one_estimate(72, 10.1)), HasSubstr("used 1.01 times fewer joules than full"));
}

TEST(JoulesLine, NoRatioIsFormedWithZeroJoules) {
  EXPECT_EQ(joules(one_estimate(72, 0)), "");
  EXPECT_THAT(rivals(one_estimate(72, 0)), ElementsAre(testing::Not(HasSubstr("times the joules"))));
}

TEST(JoulesLine, ADifferenceThatIsNotSeenIsZeroPoints) {
  EXPECT_THAT(joules(cells(70.04, 34)), EndsWith("times fewer joules than full at a difference of 0.0 points"));
}

TEST(Rivals, WithoutResolvedJoulesAccuracyAloneIsCompared) {
  auto rows = cells(75, 20);
  for (CellRow& cell : rows) {
    if (cell.strategy == "full") cell.U_train_net_J = cell.U_random_train_net_J = 50;
  }
  EXPECT_THAT(rivals(rows), ElementsAre("input drift: full is better than block1: 75.0 % (+5.0 points [4.5, 5.5])"));
  EXPECT_EQ(joules(rows), "");
}

TEST(JoulesLine, SaysHowManyTimesFewerAtWhatGain) {
  EXPECT_EQ(joules(cells(35, 34)), "input drift: block1 used 3.400 +- 0.028 times fewer joules than full at +35.0 points");
  // The repetitions disagree: 3.0, 3.4 and 3.8 times.
  auto rows = cells(35, 34);
  for (CellRow& cell : rows) {
    if (cell.strategy == "full") *cell.train_net_J += 4 * static_cast<double>(*cell.repetition - 1);
  }
  EXPECT_THAT(joules(rows), HasSubstr("used 3.40 +- 0.99 times fewer")) << "4.303 * 0.4 / sqrt(3) is 0.99";
}

TEST(JoulesLine, SaysMoreOrAboutAsManyWhereItIsSoAndNamesTheEpochs) {
  auto rows = cells(72, 8);
  EXPECT_EQ(joules(rows), "input drift: block1 used 1.250 +- 0.010 times more joules than full at -2.0 points");
  for (CellRow& cell : rows) cell.epochs = cell.strategy == "full" ? 6 : 10;
  EXPECT_THAT(joules(rows), EndsWith("at -2.0 points; block1 trained for 10 epochs, full for 6"));
  for (CellRow& cell : rows) cell.epochs = cell.strategy == "full" ? 1000 : 1234;
  EXPECT_THAT(joules(rows), EndsWith("block1 trained for 1234 epochs, full for 1000"));
  EXPECT_THAT(joules(cells(72, 10.01)),
              HasSubstr("used about as many joules as full (full used 1.0010 +- 0.0082 times as many)"));
}

TEST(JoulesLine, AnEstimateSaysSo) {
  const auto rows = one_estimate(35, 34);
  EXPECT_EQ(joules(rows),
            "input drift: block1 used 3.40 times fewer joules than full at +35.0 points (not measured, one repetition)");
  EXPECT_THAT(rivals(rows), ElementsAre(EndsWith("times the joules of block1 (not measured, one repetition)")));
  EXPECT_THAT(report({.cells = rows}, Format::json), HasSubstr("\"measured\": false"));
  EXPECT_THAT(report({.cells = cells(35, 34)}, Format::json), HasSubstr("\"measured\": true"));
}

TEST(JoulesLine, IsTheLastOfTheReport) {
  const std::string text = report({.cells = cells(35, 34)}, Format::text);
  EXPECT_THAT(text, EndsWith("times fewer joules than full at +35.0 points\n"));
  EXPECT_THAT(report({.cells = cells(35, 34)}, Format::json),
              AllOf(HasSubstr("\"rivals\""), HasSubstr("\"joule_ratio\": 3.4")));
}

TEST(JoulesLine, NeedsAWinnerAndFull) {
  auto rows = cells(35, 34);
  std::erase_if(rows, [](const CellRow& cell) { return cell.strategy == "full"; });
  EXPECT_EQ(joules(rows), "");
  EXPECT_THAT(rivals(rows), IsEmpty());
  rows = cells(35, 34);
  std::erase_if(rows, [](const CellRow& cell) { return cell.strategy == "fc"; });
  EXPECT_EQ(joules(rows), "");
}

}  // namespace
}  // namespace tbft::results
