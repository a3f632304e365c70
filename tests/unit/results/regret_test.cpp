#include "results/tables/regret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/report.h"
#include "results/tables/summary.h"
#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using test::row;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

CellRow cell(const std::string& drift, const std::string& strategy, std::int64_t repetition, double accuracy_pct, double J) {
  CellRow result = row(strategy, repetition, accuracy_pct, J);
  result.drift = drift;
  result.cell_id += drift;
  if (strategy == "none") result.train_net_J = result.train_gross_J = std::nullopt;  // it has no window of training
  return result;
}

//            none  block1    fc        full      diagnosed    oracle
// input      50    80, 6 J   60, 2 J   78, 10 J  79, 7 J      block1, 6 J
// output     10    20, 6 J   90, 2 J   90, 10 J  90, 3 J      fc, 2 J, before full with 10 J
// no drift   95    94, 6 J   93, 2 J   92, 10 J  94, 1 J      none, 0 J
std::vector<CellRow> sweep() {
  std::vector<CellRow> rows;
  const auto add = [&](const std::string& drift, double none, double block1, double fc, double full, double diagnosed,
                       double J) {
    rows.push_back(cell(drift, "none", 0, none, 0));
    rows.push_back(cell(drift, "block1", 0, block1, 6));
    rows.push_back(cell(drift, "fc", 0, fc, 2));
    rows.push_back(cell(drift, "full", 0, full, 10));
    rows.push_back(cell(drift, "diagnosed", 0, diagnosed, J));
  };
  add("input", 50, 80, 60, 78, 79, 7);
  add("output", 10, 20, 90, 90, 90, 3);
  add("", 95, 94, 93, 92, 94, 1);
  return rows;
}

Regret only(const std::vector<CellRow>& rows, const Levels& levels = {}) {
  const Summary summary = summarize(Inputs{rows, {}, {}, levels});
  EXPECT_EQ(summary.regrets.size(), 1U);
  return summary.regrets.at(0);
}

const RegretLine& line(const Regret& regret, const std::string& strategy) {
  for (const RegretLine& l : regret.lines) {
    if (l.strategy == strategy) return l;
  }
  throw std::out_of_range("no line " + strategy);
}

CellRow& find(std::vector<CellRow>& rows, const std::string& drift, const std::string& strategy) {
  for (CellRow& r : rows) {
    if (r.drift == drift && r.strategy == strategy) return r;
  }
  throw std::out_of_range("no cell of " + strategy);
}

std::string text_of(const Regret& regret) {
  return to_text(sections_of(regret));
}

TEST(Regret, ThreeDriftsByHand) {
  const Regret regret = only(sweep());
  EXPECT_EQ(regret.drifts, 3U);
  EXPECT_EQ(regret.cases, 3U);
  EXPECT_EQ(regret.left_out, 0U);
  EXPECT_EQ(regret.fixed, 4U);
  const auto expect = [&](const RegretLine& l, double accuracy_pct, double points, double share_pct, double J_pct) {
    EXPECT_NEAR(l.accuracy_pct, accuracy_pct, 1e-9) << l.strategy;
    EXPECT_NEAR(l.regret_points.value, points, 1e-9) << l.strategy;
    EXPECT_NEAR(l.share_of_full_pct.value, share_pct, 1e-9) << l.strategy;
    EXPECT_NEAR(l.J_regret_pct.value, J_pct, 1e-9) << l.strategy;
  };
  // The oracle's 265 / 3 % cost 6 + 2 + 0 of full's 30 J.
  expect(line(regret, "diagnosed"), 263.0 / 3, (1 + 0 + 1) / 3.0, 100 * 11.0 / 30, 37.5);
  expect(line(regret, "none"), 155.0 / 3, (30 + 80 + 0) / 3.0, 0, -100);
  expect(line(regret, "block1"), 194.0 / 3, (0 + 70 + 1) / 3.0, 60, 125);
  expect(line(regret, "fc"), 243.0 / 3, (20 + 0 + 2) / 3.0, 20, -25);
  expect(line(regret, "full"), 260.0 / 3, (2 + 0 + 3) / 3.0, 100, 275);
  EXPECT_NEAR(regret.oracle.accuracy_pct, 265.0 / 3, 1e-9);
  EXPECT_NEAR(regret.oracle.share_of_full_pct.value, 100 * 8.0 / 30, 1e-9);
  EXPECT_TRUE(std::isnan(regret.oracle.regret_points.value)) << "it is the yardstick";
  EXPECT_THAT(regret.oracle_was, ElementsAre(Pair("none", 1), Pair("block1", 1), Pair("fc", 1)));
}

TEST(Regret, SelectorsStandFirst) {
  auto rows = sweep();
  for (const std::string drift : {"input", "output", ""}) {
    for (const std::string strategy : {"elastic", "rgn-top1", "auto-rgn", "bn-affine"})
      rows.push_back(cell(drift, strategy, 0, 99, 9));
    find(rows, drift, "bn-affine").accuracy_pct = 1;
  }
  const Regret regret = only(rows);
  std::vector<std::string> order;
  for (const RegretLine& l : regret.lines) order.push_back(l.strategy);
  EXPECT_THAT(order, ElementsAre("diagnosed", "rgn-top1", "auto-rgn", "elastic", "none", "block1", "fc", "full", "bn-affine"));
  EXPECT_NEAR(regret.oracle.accuracy_pct, 265.0 / 3, 1e-9) << "no selector is the oracle, though four are better";
  EXPECT_NEAR(line(regret, "elastic").regret_points.value, 265.0 / 3 - 99, 1e-9);
}

TEST(Regret, BlockAverageIsNoStrategy) {
  auto rows = sweep();
  for (const std::string drift : {"input", "output", ""}) {
    rows.push_back(cell(drift, "block2", 0, 5, 5));
    rows.push_back(cell(drift, "block3", 0, 5, 5));
  }
  const Regret regret = only(rows);
  EXPECT_EQ(regret.fixed, 6U);
  EXPECT_THROW(line(regret, "block-avg"), std::out_of_range);
}

TEST(Regret, OfEqualOraclesTheCheapestThenTheFirstCounts) {
  auto rows = sweep();
  EXPECT_THAT(only(rows).oracle_was, Contains(Pair("fc", 1))) << "2 J against 10 J of full";
  find(rows, "output", "full").train_net_J = 1;
  EXPECT_THAT(only(rows).oracle_was, Contains(Pair("full", 1)));
  find(rows, "output", "full").train_net_J = 2;
  EXPECT_THAT(only(rows).oracle_was, Contains(Pair("fc", 1))) << "as cheap: the first in order";
  find(rows, "output", "full").train_net_J = 1;
  find(rows, "output", "full").status = "invalid";
  EXPECT_THAT(only(rows).oracle_was, Contains(Pair("fc", 1))) << "unknown joules are not fewer";
}

TEST(Regret, IntervalsAreOverDrifts) {
  const RegretLine diagnosed = line(only(sweep()), "diagnosed");
  // Of three drifts: Student's t of two degrees of freedom, 4.303. Regrets of 1, 0 and 1 point; shares of 70, 30 and 10 %.
  EXPECT_NEAR(diagnosed.regret_points.interval.low, 2.0 / 3 - 4.3027 * std::sqrt(1.0 / 3) / std::sqrt(3.0), 1e-3);
  EXPECT_NEAR(diagnosed.regret_points.interval.high, 2.0 / 3 + 4.3027 * std::sqrt(1.0 / 3) / std::sqrt(3.0), 1e-3);
  EXPECT_NEAR(diagnosed.share_of_full_pct.interval.high, 110.0 / 3 + 4.3027 * 30.5505 / std::sqrt(3.0), 1e-2);
}

// A bootstrap over ten drifts or more: of regrets of 0 and 2 points in turns it lies within them.
TEST(Regret, FromTenDriftsIntervalsAreABootstrap) {
  std::vector<CellRow> rows;
  for (int i = 0; i < 12; ++i) {
    for (const auto& [strategy, accuracy] : {std::pair{"full", 90.0}, {"rgn-top1", i % 2 == 0 ? 90.0 : 88.0}}) {
      rows.push_back(cell("input", strategy, 0, accuracy, 10));
      rows.back().condition = "fog-" + std::to_string(i);
    }
  }
  const Interval interval = line(only(rows), "rgn-top1").regret_points.interval;
  EXPECT_GT(interval.low, 0.3);
  EXPECT_LT(interval.low, 0.6);
  EXPECT_GT(interval.high, 1.4);
  EXPECT_LT(interval.high, 1.7);
}

// Regrets of 0 and 2 points under one drift, of 4 and 6 under the other, count as the means 1 and 5: two values, with Student's
// t of one degree of freedom, 12.706.
TEST(Regret, ADriftCountsWithAllItsRepetitionsAndSizes) {
  std::vector<CellRow> rows;
  const auto add = [&](const std::string& drift, std::int64_t repetition, double size, double points) {
    for (const auto& [strategy, accuracy] : {std::pair{"full", 90.0}, {"rgn-top1", 90 - points}}) {
      rows.push_back(cell(drift, strategy, repetition, accuracy, 10));
      rows.back().train_size = size;
    }
  };
  add("input", 0, 0.1, 0);
  add("input", 1, 0.1, 2);
  add("output", 0, 0.1, 4);
  add("output", 0, 0.3, 6);
  const Regret regret = only(rows);
  EXPECT_EQ(regret.drifts, 2U);
  EXPECT_EQ(regret.cases, 4U);
  const Estimate points = line(regret, "rgn-top1").regret_points;
  EXPECT_DOUBLE_EQ(points.value, 3);
  EXPECT_NEAR(points.interval.low, 3 - 12.7062 * 2, 1e-3);
  EXPECT_NEAR(points.interval.high, 3 + 12.7062 * 2, 1e-3);
}

TEST(Regret, ACaseWithoutOneAccuracyIsLeftOutAndCounted) {
  auto rows = sweep();
  find(rows, "output", "fc").accuracy_pct.reset();
  const Regret regret = only(rows);
  EXPECT_EQ(regret.cases, 2U);
  EXPECT_EQ(regret.left_out, 1U);
  EXPECT_NEAR(line(regret, "full").regret_points.value, (2 + 3) / 2.0, 1e-9);
  EXPECT_THAT(text_of(regret), HasSubstr("1 of 3 cases left out, because a strategy has no accuracy in them (fc 1)"));
}

TEST(Regret, AFailedSelectorIsMissed) {
  auto rows = sweep();
  find(rows, "", "diagnosed").status = "failed";
  Regret regret = only(rows);
  EXPECT_EQ(regret.drifts, 2U);
  EXPECT_THAT(regret.missing_in, ElementsAre(Pair("diagnosed", 1)));
  for (CellRow& r : rows) {
    if (r.drift.empty()) r.status = "failed";
  }
  EXPECT_EQ(only(rows).left_out, 1U) << "nothing of it came to an end";
  for (CellRow& r : rows) {
    if (r.strategy == "full") r.status = "failed";
  }
  regret = only(rows);
  EXPECT_EQ(regret.cases, 2U) << "a strategy without any accuracy is none of the sweep";
  EXPECT_TRUE(std::isnan(line(regret, "fc").share_of_full_pct.value));
  rows = sweep();
  for (CellRow& r : rows) {
    if (r.strategy == (r.drift == "input" ? "fc" : "full")) r.status = "failed";
  }
  regret = only(rows);
  EXPECT_TRUE(regret.lines.empty());
  EXPECT_THAT(text_of(regret), HasSubstr("3 of 3 cases left out"));
}

TEST(Regret, AnOracleThatCostsNothingLeavesTheJouleRegretUnknown) {
  auto rows = sweep();
  for (CellRow& r : rows) {
    if (r.strategy == "none") r.accuracy_pct = 99;
  }
  const Regret regret = only(rows);
  EXPECT_EQ(regret.oracle.share_of_full_pct.value, 0);
  EXPECT_TRUE(std::isnan(line(regret, "diagnosed").J_regret_pct.value));
  EXPECT_NEAR(line(regret, "diagnosed").share_of_full_pct.value, 100 * 11.0 / 30, 1e-9);
  for (CellRow& r : rows) {
    if (r.strategy == "full") r.train_net_J = -1;
  }
  EXPECT_TRUE(std::isnan(line(only(rows), "diagnosed").share_of_full_pct.value)) << "less than idle is no yardstick";
}

TEST(Regret, NoRatioIsFormedWithJoulesWhoseUncertaintyHoldsZero) {
  std::vector<CellRow> rows = sweep();
  EXPECT_TRUE(std::isfinite(line(only(rows), "diagnosed").share_of_full_pct.value));
  for (CellRow& r : rows) {
    if (r.strategy == "diagnosed") r.U_train_net_J = r.U_random_train_net_J = 10;
  }
  EXPECT_TRUE(std::isnan(line(only(rows), "diagnosed").share_of_full_pct.value));
  EXPECT_TRUE(std::isfinite(line(only(rows), "block1").share_of_full_pct.value));
  EXPECT_THAT(text_of(only(rows)), HasSubstr("no share or regret is formed with the joules of diagnosed: they do not lie above "
                                             "0 by more than their uncertainty"));
  EXPECT_THAT(text_of(only(rows)), Not(HasSubstr("known in fewer cases"))) << "they are known in all of them";
  EXPECT_EQ(line(only(rows), "diagnosed").joule_cases, 3U);
  find(rows, "output", "diagnosed").status = "invalid";
  EXPECT_THAT(text_of(only(rows)), HasSubstr("joules known in fewer cases: diagnosed 2"));
}

TEST(Regret, CaptionsCountTheRowsOfItsCases) {
  auto rows = sweep();
  find(rows, "input", "fc").config_hash = "other";
  find(rows, "output", "fc").other_cpu_pct = contended_pct + 1;
  CellRow& negative = find(rows, "", "block1");
  negative.train_net_J = -6;
  negative.U_train_net_J = negative.U_random_train_net_J = 1;
  const std::string text = text_of(only(rows));
  EXPECT_THAT(text, HasSubstr("the cells have 2 different sets of settings (config_hash)"));
  EXPECT_THAT(text, HasSubstr("1 cell ran while other programs took over 30 % of the processors"));
  EXPECT_THAT(text, HasSubstr("joules of 1 cell are negative beyond their uncertainty"));
  leave_out_contended(rows);
  EXPECT_THAT(text_of(only(rows)), HasSubstr("training joules and times of 1 cell left out: other programs"));
}

TEST(Regret, EstimatesAreCalledSo) {
  auto rows = sweep();
  EXPECT_THAT(text_of(only(rows)), HasSubstr("board joules of training, net of idle, ina219:///dev/i2c-1\n"));
  for (CellRow& r : rows) {
    r.measured = 0;
    r.meter = "estimate://";
  }
  EXPECT_THAT(text_of(only(rows)), HasSubstr("joules are an estimate (estimate://), not a measurement"));
}

TEST(Regret, SourcesAreNeverMixed) {
  auto rows = sweep();
  find(rows, "input", "full").measured = 0;
  const Regret regret = only(rows);
  for (const RegretLine& l : regret.lines) {
    EXPECT_TRUE(std::isnan(l.share_of_full_pct.value) && std::isnan(l.J_regret_pct.value)) << l.strategy;
    EXPECT_FALSE(std::isnan(l.regret_points.value)) << l.strategy;
  }
  EXPECT_THAT(text_of(regret), HasSubstr("joules left out: some were measured and some were not"));
}

TEST(Regret, GrossJoulesWhereOneStrategyHasNoOthers) {
  auto rows = sweep();
  for (CellRow& r : rows) {
    if (r.strategy == "fc") r.train_net_J.reset();
    if (r.strategy == "diagnosed") r.train_gross_J = 5;
  }
  const Regret regret = only(rows);
  EXPECT_EQ(regret.energy.basis, Basis::gross);
  EXPECT_NEAR(line(regret, "diagnosed").share_of_full_pct.value, 100 * 15.0 / 60, 1e-9);
}

TEST(Regret, WithoutJoulesTheirColumnsAreEmpty) {
  auto rows = sweep();
  for (CellRow& r : rows) r.train_net_J = r.train_gross_J = std::nullopt;
  const Regret regret = only(rows);
  EXPECT_TRUE(std::isnan(line(regret, "none").share_of_full_pct.value)) << "not even of what costs nothing";
  EXPECT_THAT(regret.oracle_was, Contains(Pair("fc", 1))) << "the first of two equals";
  EXPECT_THAT(text_of(regret), HasSubstr("no joules: training joules are unknown for every cell"));
  EXPECT_THAT(text_of(regret), Not(HasSubstr("known in fewer cases")));
}

TEST(Regret, JoulesAreComparedWhereBothAreKnown) {
  auto rows = sweep();
  find(rows, "output", "block1").status = "invalid";
  const Regret regret = only(rows);
  EXPECT_NEAR(line(regret, "block1").share_of_full_pct.value, 60, 1e-9) << "12 of 20 J";
  EXPECT_NEAR(line(regret, "block1").J_regret_pct.value, 100, 1e-9) << "12 J against 6 J";
  EXPECT_NEAR(line(regret, "block1").regret_points.value, 71 / 3.0, 1e-9) << "its accuracy counts";
  EXPECT_THAT(text_of(regret), HasSubstr("joules known in fewer cases: block1 2"));
  EXPECT_THAT(text_of(regret), HasSubstr("1 cell without valid energy"));
}

TEST(Regret, OnlyWhereASelectorRanUnderTwoDrifts) {
  auto rows = sweep();
  std::erase_if(rows, [](const CellRow& r) { return r.strategy == "diagnosed"; });
  const std::vector<CellRow> fixed = rows;
  EXPECT_TRUE(summarize({.cells = rows}).regrets.empty());
  EXPECT_THAT(report({.cells = rows}, Format::text), Not(HasSubstr("hindsight")));
  EXPECT_FALSE(nlohmann::json::parse(report({.cells = rows}, Format::json)).contains("regrets"));
  rows.push_back(cell("input", "elastic", 0, 80, 5));
  EXPECT_TRUE(summarize({.cells = rows}).regrets.empty()) << "one drift";
  rows.push_back(cell("output", "elastic", 0, 80, 5));
  const Regret regret = only(rows);
  EXPECT_EQ(regret.drifts, 2U);
  EXPECT_EQ(regret.left_out, 0U) << "a drift where none ran is no part of it";
}

TEST(Regret, BoardsAndProtocolsAreKeptApart) {
  auto rows = sweep();
  for (CellRow r : sweep()) {
    r.board = "other";
    r.accuracy_pct = 50;
    rows.push_back(r);
  }
  const Summary summary = summarize({.cells = rows});
  ASSERT_EQ(summary.regrets.size(), 2U);
  EXPECT_NEAR(line(summary.regrets[0], "diagnosed").regret_points.value, 2 / 3.0, 1e-9);
  EXPECT_EQ(line(summary.regrets[1], "diagnosed").regret_points.value, 0);
  EXPECT_EQ(summary.regrets[1].board, "other");
}

TEST(Regret, TextIsAnAlignedTable) {
  const std::string text = text_of(only(sweep()));
  EXPECT_EQ(text, R"(strategies that choose against the best in hindsight
regret: against the oracle, the best of 4 fixed strategies of each case by test accuracy; 3 cases (drift, training size, repetition) of 3 drifts
the oracle is the best of noisy test results, so its accuracy is biased upwards and regrets are a little too large
board joules of training, net of idle, ina219:///dev/i2c-1
J: totals over the cases where both are known, choosing included; J regret: over the oracle's total
strategy   accuracy %  regret points     95 % interval  train J net, % of full   95 % interval  J regret %      95 % interval
diagnosed       87.67           0.67     [-0.77, 2.10]                    36.7  [-39.2, 112.6]        37.5    [-166.7, 241.7]
none            51.67          36.67  [-63.73, 137.06]                     0.0      [0.0, 0.0]      -100.0   [-100.0, -100.0]
block1          64.67          23.67  [-76.02, 123.35]                    60.0    [60.0, 60.0]       125.0  [-1100.4, 1350.4]
fc              81.00           7.33   [-20.03, 34.70]                    20.0    [20.0, 20.0]       -25.0    [-433.5, 383.5]
full            86.67           1.67     [-2.13, 5.46]                   100.0  [100.0, 100.0]       275.0  [-1767.3, 2317.3]
oracle          88.33              -                 -                    26.7  [-49.2, 102.6]           -                  -
intervals: over drifts, each with all of its cases
the oracle was none 1, block1 1, fc 1 of 3
)");
}

TEST(Regret, EveryFormatHasIt) {
  const std::vector<CellRow> rows = sweep();
  EXPECT_THAT(report({.cells = rows}, Format::text), HasSubstr("\nstrategies that choose against the best in hindsight\n"));
  EXPECT_THAT(report({.cells = rows}, Format::md), HasSubstr("| diagnosed | 87.67 | 0.67 | \\[-0.77, 2.10\\] | 36.7 |"));
  EXPECT_THAT(report({.cells = rows}, Format::latex), HasSubstr("diagnosed & 87.67 & 0.67 & {[-0.77, 2.10]} & 36.7 &"));
  const auto json = nlohmann::json::parse(report(Inputs{rows, {}, {}, {{{"", "diagnosed0input"}, "input"}}}, Format::json));
  const auto& regret = json.at("regrets").at(0);
  EXPECT_EQ(regret["cases"], 3);
  EXPECT_EQ(regret["lines"][0]["strategy"], "diagnosed");
  EXPECT_NEAR(regret["lines"][0]["J_regret_pct"]["value"].get<double>(), 37.5, 1e-9);
  EXPECT_NEAR(regret["lines"][0]["J_regret_pct"]["low"].get<double>(), -166.7, 0.1);
  EXPECT_EQ(regret["oracle_was"]["fc"], 1);
  EXPECT_EQ(regret["levels_named"]["levels"]["input"]["named"]["input"], 1);
  EXPECT_EQ(regret["levels_named"]["untold"], 2);
}

// Two cells of each drift in `drifts`, named as given.
struct Named {
  std::string drift, first, second;
};
Regret named(const std::vector<Named>& cells) {
  std::vector<CellRow> rows;
  Levels levels;
  for (const Named& of : cells) {
    for (const std::int64_t repetition : {0, 1}) {
      rows.push_back(cell(of.drift, "full", repetition, 80, 10));
      rows.push_back(cell(of.drift, "diagnosed", repetition, 80, 5));
      const std::string& level = repetition == 0 ? of.first : of.second;
      if (!level.empty()) levels[{rows.back().run_id, rows.back().cell_id}] = level;
    }
  }
  return only(rows, levels);
}

TEST(LevelsNamed, AreCountedByTrueLevel) {
  const Regret regret = named({{"", "none", "none"},
                               {"input", "input", "unsure"},
                               {"output", "output", "mixture"},
                               {"input+output", "mixture", "input"},
                               {"feature+output", "mixture", "mixture"}});
  ASSERT_TRUE(regret.levels);
  const LevelsNamed& levels = *regret.levels;
  EXPECT_THAT(levels.named[0], ElementsAre(2, 0, 0, 0, 0, 0));
  EXPECT_THAT(levels.named[1], ElementsAre(0, 1, 0, 0, 0, 1));
  EXPECT_THAT(levels.named[2], ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(levels.named[3], ElementsAre(0, 0, 0, 1, 1, 0));
  EXPECT_THAT(levels.named[4], ElementsAre(0, 1, 0, 0, 3, 0));
  EXPECT_EQ(recall_pct(levels, 0), 100);
  EXPECT_EQ(recall_pct(levels, 1), 50) << "unsure is not named";
  EXPECT_TRUE(std::isnan(recall_pct(levels, 2)));
  EXPECT_EQ(recall_pct(levels, 4), 75);
  EXPECT_EQ(mean_recall(levels).levels, 3U);
  EXPECT_NEAR(mean_recall(levels).pct, 200.0 / 3, 1e-9) << "without the mixtures";
  const std::string text = text_of(regret);
  EXPECT_THAT(text, HasSubstr("level of drift named\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nfeature ")));
  EXPECT_THAT(text, HasSubstr("mean recall over the 3 of 4 pure levels that occur: 66.7 %"));
}

TEST(LevelsNamed, WhatCannotBeCountedIsNamed) {
  const Regret regret = named({{"input", "input", ""}, {"weather", "input", "input"}});
  ASSERT_TRUE(regret.levels);
  EXPECT_EQ(regret.levels->without_diagnosis, 1U);
  EXPECT_EQ(regret.levels->other, 2U);
  EXPECT_EQ(recall_pct(*regret.levels, 1), 100);
  EXPECT_THAT(text_of(regret), HasSubstr("1 cell left out: no journal has their diagnosis"));
  EXPECT_THAT(text_of(regret), HasSubstr("2 cells left out: their drift has none of the levels"));
  EXPECT_FALSE(named({{"input", "", ""}, {"output", "", ""}}).levels) << "no journal";
}

// Noise in a block drifts the model: the data has no drift to name, and the strategies are still judged.
TEST(LevelsNamed, NoiseInABlockHasNoLevel) {
  auto rows = sweep();
  for (CellRow& r : rows) {
    if (r.drift.empty()) r.condition = "noise-fc";
  }
  const Regret regret = only(rows, {{{"", "diagnosed0"}, "output"}, {{"", "diagnosed0input"}, "input"}});
  EXPECT_EQ(regret.cases, 3U);
  EXPECT_EQ(regret.levels->other, 1U);
  EXPECT_THAT(regret.levels->named[0], ElementsAre(0, 0, 0, 0, 0, 0));
}

TEST(LevelsNamed, TheLastRowOfACaseCounts) {
  auto rows = sweep();
  rows.push_back(find(rows, "input", "diagnosed"));
  rows.back().cell_id = "again";
  const Regret regret = only(rows, {{{"", "diagnosed0input"}, "output"}, {{"", "again"}, "input"}});
  EXPECT_THAT(regret.levels->named[1], ElementsAre(0, 1, 0, 0, 0, 0));
}

}  // namespace
}  // namespace tbft::results
