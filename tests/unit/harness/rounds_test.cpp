#include "harness/measurement/rounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace tbft {
namespace {

// A machine whose speed drifts, on a clock of its own: contender c takes cost[c] x drift(now) a step, ten steps a window.
struct Machine {
  std::vector<double> cost_s{1.0, 2.0};
  double drift_a_s = 0;
  double clock_s = 100;
  std::vector<std::size_t> order;
  std::vector<std::size_t> rounds_seen;

  RoundHooks hooks() {
    return {.window =
                [this](std::size_t contender, std::size_t) {
                  order.push_back(contender);
                  const double step_s = cost_s[contender] * (1 + drift_a_s * (clock_s - 100));
                  clock_s += 10 * step_s;
                  return step_s;
                },
            .now_s = [this] { return clock_s; },
            .after_round = [this](std::size_t rounds, std::span<const std::vector<double>>) { rounds_seen.push_back(rounds); }};
  }
};

TEST(StudentInterval, IsThatOfScipy) {
  // scipy.stats.t.interval(0.95, 3, loc=mean, scale=sem) of 1, 2, 4, 5
  const std::vector<double> few{1, 2, 4, 5};
  const auto four = student_interval(few);
  EXPECT_DOUBLE_EQ(four.mean, 3);
  EXPECT_NEAR(four.low, 0.0948372842447, 1e-9);
  EXPECT_NEAR(four.high, 5.90516271576, 1e-9);
  // 20 values 0..19
  std::vector<double> many;
  for (int i = 0; i < 20; ++i) many.push_back(i);
  const auto twenty = student_interval(many);
  EXPECT_NEAR(twenty.low, 6.73118943198, 1e-9);
  EXPECT_NEAR(twenty.high, 12.268810568, 1e-9);
}

TEST(StudentInterval, OfOneValueOrNoneIsUnknown) {
  EXPECT_TRUE(std::isnan(student_interval({}).mean));
  const std::vector<double> one{7, NAN};
  EXPECT_EQ(student_interval(one).mean, 7);
  EXPECT_TRUE(std::isnan(student_interval(one).low));
}

TEST(PairedSavings, AreTakenRoundByRound) {
  const std::vector<double> value{5, 30, NAN}, full{10, 40, 10};
  const auto savings = paired_savings_pct(value, full);
  EXPECT_DOUBLE_EQ(savings[0], 50);
  EXPECT_DOUBLE_EQ(savings[1], 25);
  EXPECT_TRUE(std::isnan(savings[2]));
  EXPECT_DOUBLE_EQ(student_interval(savings).mean, 37.5);  // of the means it would be 30
}

TEST(Rounds, StopWhenEveryIntervalIsNarrowButNotBeforeTheLeast) {
  Machine machine;  // no drift: the interval has no width from the second round on
  const auto result = run_rounds(2, {.precision = 0.02, .min_rounds = 5, .max_s = 1e9}, machine.hooks());
  EXPECT_TRUE(result.precise);
  EXPECT_EQ(result.seconds[0], std::vector<double>(5, 1.0));
  EXPECT_EQ(result.seconds[1], std::vector<double>(5, 2.0));
  EXPECT_EQ(machine.rounds_seen, (std::vector<std::size_t>{1, 2, 3, 4, 5}));
}

TEST(Rounds, OneNoisyContenderKeepsAllGoing) {
  Machine machine;
  auto hooks = machine.hooks();
  // Alternates by +-10 % of its mean: the width falls as 1/sqrt(rounds).
  hooks.window = [](std::size_t contender, std::size_t round) { return contender == 0 ? 1.0 : round % 2 == 0 ? 1.8 : 2.2; };
  const auto result = run_rounds(2, {.precision = 0.05, .min_rounds = 5, .max_s = 1e9}, hooks);
  EXPECT_TRUE(result.precise);
  EXPECT_EQ(result.seconds[0].size(), result.seconds[1].size());
  EXPECT_LT(student_interval(result.seconds[1]).relative_width(), 0.05);
  auto before = result.seconds[1];
  before.pop_back();
  EXPECT_GE(student_interval(before).relative_width(), 0.05) << "went on after it was narrow enough";
}

TEST(Rounds, EndBeforeTheTimeIsOverAndSaySo) {
  Machine machine;
  machine.drift_a_s = 0.01;
  const auto result = run_rounds(2, {.precision = 1e-6, .min_rounds = 5, .max_s = 200}, machine.hooks());
  EXPECT_FALSE(result.precise);
  EXPECT_GE(result.seconds[0].size(), 3U);
  EXPECT_LE(machine.clock_s - 100, 300) << "a round began that could not end in time";
}

TEST(Rounds, AreAtLeastTwoHoweverShortTheTime) {
  Machine machine;
  const auto result = run_rounds(2, {.max_s = 0}, machine.hooks());
  EXPECT_FALSE(result.precise);
  EXPECT_EQ(result.seconds[0].size(), 2U);
}

TEST(Rounds, HoldEveryContenderOnceInAnOrderThatChangesAndIsSeeded) {
  const auto order_of = [](std::uint64_t seed) {
    Machine machine;
    machine.cost_s = {1, 1, 1, 1, 1};
    run_rounds(5, {.precision = 1e-9, .min_rounds = 8, .max_s = 1e9, .seed = seed}, machine.hooks());
    return machine.order;
  };
  const auto order = order_of(1);
  ASSERT_EQ(order.size(), 40U);
  std::set<std::vector<std::size_t>> distinct;
  for (auto round = order.begin(); round != order.end(); round += 5) {
    EXPECT_EQ(std::set(round, round + 5).size(), 5U);
    distinct.emplace(round, round + 5);
  }
  EXPECT_GT(distinct.size(), 4U);
  EXPECT_EQ(order, order_of(1));
  EXPECT_NE(order, order_of(2));
}

TEST(Rounds, DriftOfTheMachineLeavesPairedSavingsAlone) {
  Machine machine;
  machine.cost_s = {5, 10};
  machine.drift_a_s = 0.0005;  // it is nearly twice as slow at the end
  const auto result = run_rounds(2, {.precision = 1e-6, .max_s = 2000}, machine.hooks());
  const auto& full = result.seconds[1];
  EXPECT_GT(full.back(), 1.5 * full.front());
  const auto saving = student_interval(paired_savings_pct(result.seconds[0], full));
  EXPECT_NEAR(saving.mean, 50, 1.5);
  EXPECT_LT(saving.low, 50);
  EXPECT_GT(saving.high, 50);
}

TEST(Rounds, WhatAWindowThrowsEndsThem) {
  Machine machine;
  auto hooks = machine.hooks();
  hooks.window = [](std::size_t, std::size_t) -> double { throw std::runtime_error("stopped"); };
  EXPECT_THROW(run_rounds(2, {}, hooks), std::runtime_error);
}

}  // namespace
}  // namespace tbft
