#include "harness/step_cost/step_cost_rows.h"
#include "models/families/family.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tbft {
namespace {

power::Energy window(double duration_s, double watts_W, double U_J = 0.1) {
  power::Energy e;
  e.valid = true;
  e.duration_s = duration_s;
  e.energy_J = watts_W * duration_s;
  e.mean_W = watts_W;
  e.samples = 100;
  e.coverage_pct = 100;
  e.U_random_J = U_J;
  e.u_rel_gain = e.u_offset_W = e.u_offset_by_A_W = e.u_offset_by_V_W = 0;
  return e;
}

// Two rounds of ten steps at 4 W above an idle of 1 W: full takes 1 s and 2 s a step, fc half of it, then a quarter.
struct Rounds {
  Board board;
  std::vector<ContenderRounds> all;
  StepCostFacts facts{.network = models::describe({}),
                      .board = &board,
                      .meter = {.uri = "ina219:///dev/i2c-1"},
                      .idle_before = window(5, 1, 0),
                      .idle_after = window(5, 1, 0)};

  Rounds() {
    const auto both = contenders({"fc"}, false);
    const OperationTimes times{{1, 0, 1, 0, 0, 1, 1, 0}};
    all.push_back({.contender = both[0],
                   .steps = 10,
                   .seconds = {0.5, 0.5},
                   .energies = {window(5, 4), window(5, 4)},
                   .operations = {times, {{3, 0, 1, 0, 0, 1, 1, 0}}}});
    all.push_back({.contender = both[1],
                   .steps = 10,
                   .seconds = {1, 2},
                   .energies = {window(10, 4), window(20, 4)},
                   .operations = {times, times}});
  }
};

TEST(StepCostRows, HaveJoulesOfOneStepAndSavingsOfEachRound) {
  const Rounds r;
  const auto rows = step_cost_rows(r.all, r.facts);
  ASSERT_EQ(rows.size(), 2U);
  const auto& fc = rows[0];
  EXPECT_EQ(fc.strategy, "fc");
  EXPECT_EQ(fc.rounds, 2);
  EXPECT_DOUBLE_EQ(*fc.gross_J, 2);  // 40 J over 20 steps
  EXPECT_DOUBLE_EQ(*fc.net_J, 1.5);  // less 1 W x 0.5 s
  EXPECT_NEAR(*fc.U_gross_J, 0.1 * std::sqrt(2.0) / 20, 1e-12);
  EXPECT_DOUBLE_EQ(*fc.saving_time_pct, 62.5);  // of 50 and 75, not of the means (66.7)
  EXPECT_DOUBLE_EQ(*fc.saving_gross_pct, 62.5);
  EXPECT_DOUBLE_EQ(*fc.saving_net_pct, 62.5);
  EXPECT_DOUBLE_EQ(*fc.paper_view_J, 2);  // 4 W throughout
  EXPECT_DOUBLE_EQ(*rows[1].step_s, 1.5);
  EXPECT_NEAR(*fc.saving_macs_pct, 66.6, 0.05);
}

TEST(StepCostRows, TakeIdleOffBothSidesOfASaving) {
  Rounds r;
  r.all[0].energies = {window(5, 3), window(5, 3)};
  const auto rows = step_cost_rows(r.all, r.facts);
  EXPECT_DOUBLE_EQ(*rows[0].saving_gross_pct, 71.875);  // 1.5 J of 4 J, then of 8 J
  EXPECT_DOUBLE_EQ(*rows[0].saving_net_pct, 75);        // 1 J of 3 J, then of 6 J
}

TEST(StepCostRows, LeaveOutTheEnergyOfARoundThatTheMeterMissed) {
  Rounds r;
  r.all[0].energies[1] = {};
  const auto rows = step_cost_rows(r.all, r.facts);
  EXPECT_DOUBLE_EQ(*rows[0].gross_J, 2);  // 20 J over the 10 steps of the other round
  EXPECT_DOUBLE_EQ(*rows[0].saving_gross_pct, 50);
  EXPECT_DOUBLE_EQ(*rows[0].saving_time_pct, 62.5) << "time is known in every round";
}

TEST(StepCostRows, WithoutIdleOrEnergyAreEmptyThereNeverZero) {
  Rounds r;
  r.facts.idle_after = {};
  r.all[0].energies = {power::Energy{}, power::Energy{}};
  const auto rows = step_cost_rows(r.all, r.facts);
  EXPECT_FALSE(rows[0].gross_J || rows[0].U_gross_J || rows[0].net_J || rows[0].saving_gross_pct);
  EXPECT_TRUE(rows[1].gross_J.has_value());
  EXPECT_FALSE(rows[1].idle_W || rows[1].net_J || rows[1].saving_net_pct);
}

TEST(OperationRows, AreMeansWhoseSharesAddUp) {
  const Rounds r;
  const auto rows = operation_rows(r.all, {});
  ASSERT_EQ(rows.size(), 2 * operation_names.size());
  EXPECT_EQ(rows[0].operation, "forward");
  EXPECT_DOUBLE_EQ(*rows[0].seconds, 2);
  EXPECT_DOUBLE_EQ(*rows[0].share_pct, 40);
}

}  // namespace
}  // namespace tbft
