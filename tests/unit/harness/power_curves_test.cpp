#include "harness/measurement/power_curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tbft/power/trace.h"
#include "tests/unit/results/sample.h"

namespace tbft {
namespace {

using power::TimeNs;
using results::test::row;
using test::TemporaryFolder;

constexpr TimeNs s = 1'000'000'000;

power::MeterInfo meter() {
  power::MeterInfo info;
  info.uri = "ina219:///dev/i2c-1";
  info.nominal_period_s = 0.1;
  info.gap_limit_s = 0.3;
  return info;
}

// A run directory whose trace is written by `fill`; cells a0 and b0.
struct MadeRun {
  TemporaryFolder folder;
  std::vector<results::CellRow> rows{row("a", 0, 70, 1), row("b", 0, 70, 1)};
  std::vector<std::string> warnings;
  MadeRun() { std::filesystem::create_directory(folder / "traces"); }
  power::TraceWriter writer(const std::string& name = "trace.csv") { return {(folder / "traces") / name, meter(), {}}; }
  results::PowerCurves curves(std::size_t most = 1000) {
    results::PowerCurves result;
    add_curves(folder.path(), rows, most, result, [&](const std::string& what) { warnings.push_back(what); });
    return result;
  }
};

void readings(power::TraceWriter& trace, TimeNs from, TimeNs to, double power_W) {
  for (TimeNs t = from; t < to; t += s / 10) trace.write(power::Reading{.t_ns = t, .power_W = power_W});
}

TEST(PowerCurves, ACellHasItsReadingsPhasesAndJoules) {
  MadeRun run;
  {
    auto trace = run.writer();
    readings(trace, 0, s, 2);
    trace.write({.t_ns = s, .name = "cell/a0", .opens = true});
    trace.write({.t_ns = s + s / 2, .name = "cell/a0/train", .opens = true});
    readings(trace, s, 3 * s, 6);
    trace.write({.t_ns = 3 * s, .name = "cell/a0/train", .opens = false});
    trace.write({.t_ns = 3 * s, .name = "cell/a0/forward", .opens = true});
    readings(trace, 3 * s, 4 * s, 6);
    trace.write({.t_ns = 4 * s, .name = "cell/a0/forward", .opens = false});
    trace.write({.t_ns = 4 * s, .name = "cell/a0", .opens = false});
    readings(trace, 4 * s, 5 * s, 2);
  }
  const auto curves = run.curves();
  ASSERT_EQ(curves.size(), 1U);
  const auto& curve = curves.at({"", "a0"});
  EXPECT_EQ(curve.duration_s, 3);
  EXPECT_EQ(curve.readings, 31U);  // both edges
  EXPECT_EQ(curve.buckets.front().from_s, 0);
  EXPECT_EQ(curve.buckets.front().mean_W, 6);
  ASSERT_EQ(curve.phases.size(), 1U);  // steps within training are too many to show
  EXPECT_EQ(curve.phases[0].name, "train");
  EXPECT_EQ(curve.phases[0].from_s, 0.5);
  EXPECT_NEAR(curve.phase_J.at("train"), 6 * 1.5, 1e-9);
  EXPECT_TRUE(curve.gaps.empty());
}

// 300 epochs: the end of the cell has its phases, and the shortest are counted.
TEST(PowerCurves, OfVeryManyPhasesTheShortestAreLeftOut) {
  MadeRun run;
  {
    auto trace = run.writer();
    TimeNs t = 0;
    const auto phase = [&](const std::string& name, TimeNs length) {
      trace.write({.t_ns = t, .name = "cell/a0/" + name, .opens = true});
      readings(trace, t, t + length, 5);
      t += length;
      trace.write({.t_ns = t, .name = "cell/a0/" + name, .opens = false});
    };
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    for (int epoch = 0; epoch < 300; ++epoch) {
      phase("train", s / 5);
      phase("validate", s / 10);
    }
    phase("test", s);
    trace.write({.t_ns = t, .name = "cell/a0", .opens = false});
    readings(trace, t, t + s, 2);
  }
  const auto curve = run.curves().at({"", "a0"});
  ASSERT_EQ(curve.phases.size(), 400U);
  EXPECT_EQ(curve.phases_left_out, 201U);
  EXPECT_EQ(curve.phases.back().name, "test");
  EXPECT_EQ(std::ranges::count_if(curve.phases, [](const auto& phase) { return phase.name == "train"; }), 300);
}

TEST(PowerCurves, AreThoseOfTheFirstMeter) {
  MadeRun run;
  for (const auto& [name, power_W] : {std::pair("trace.csv", 6.0), std::pair("trace.meter2.csv", 9.0)}) {
    auto trace = run.writer(name);
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    readings(trace, 0, 3 * s, power_W);
    trace.write({.t_ns = 3 * s, .name = "cell/a0", .opens = false});
    readings(trace, 3 * s, 4 * s, power_W);
  }
  EXPECT_EQ(run.curves().at({"", "a0"}).buckets.front().mean_W, 6);
}

// The sampler's thread hands its readings over later than marks are made.
TEST(PowerCurves, ReadingsThatArriveAfterTheMarkBelongToTheirTime) {
  MadeRun run;
  {
    auto trace = run.writer();
    trace.write({.t_ns = s, .name = "cell/a0", .opens = true});
    trace.write({.t_ns = 2 * s, .name = "cell/a0", .opens = false});
    trace.write({.t_ns = 2 * s, .name = "cell/b0", .opens = true});
    readings(trace, 0, s, 1);
    readings(trace, s, 2 * s, 5);
    readings(trace, 2 * s, 3 * s, 7);
    trace.write({.t_ns = 3 * s, .name = "cell/b0", .opens = false});
  }
  const auto curves = run.curves();
  EXPECT_EQ(curves.at({"", "a0"}).readings, 11U);
  EXPECT_EQ(curves.at({"", "a0"}).buckets.front().low_W, 5);
  EXPECT_EQ(curves.at({"", "b0"}).buckets.front().low_W, 7);
}

TEST(PowerCurves, AGapIsKeptAsOne) {
  MadeRun run;
  {
    auto trace = run.writer();
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    readings(trace, 0, s, 5);
    readings(trace, 2 * s, 3 * s, 5);
    trace.write({.t_ns = 4 * s, .name = "cell/a0", .opens = false});
    readings(trace, 4 * s, 4 * s + s / 10, 5);
  }
  const auto curve = run.curves().at({"", "a0"});
  ASSERT_EQ(curve.gaps.size(), 2U);
  EXPECT_EQ(curve.gaps[0].from_s, 0.9);
  EXPECT_EQ(curve.gaps[0].to_s, 2);
  EXPECT_EQ(curve.gaps[1].from_s, 2.9);
  EXPECT_EQ(curve.gaps[1].to_s, 4);
}

TEST(PowerCurves, AConverterThatAveragesLongerThanTheFirstGapLimitLeavesNoGaps) {
  MadeRun run;
  {
    auto trace = run.writer();
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    readings(trace, 0, s, 6);
    auto slower = meter();
    slower.nominal_period_s = slower.averaging_s = 0.5;
    slower.gap_limit_s = 1.5;
    trace.write(slower);
    for (TimeNs t = s; t <= 5 * s; t += s / 2) trace.write(power::Reading{.t_ns = t, .power_W = 6});
    trace.write({.t_ns = 5 * s, .name = "cell/a0", .opens = false});
    trace.write(power::Reading{.t_ns = 5 * s + s / 2, .power_W = 6});
  }
  EXPECT_TRUE(run.curves().at({"", "a0"}).gaps.empty());
}

TEST(PowerCurves, ACounterTellsThePowerBetweenItsReadings) {
  MadeRun run;
  {
    power::MeterInfo counter = meter();
    counter.counter = true;
    power::TraceWriter trace((run.folder / "traces") / "trace.csv", counter, {});
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    for (int i = 0; i <= 20; ++i) trace.write(power::Reading{.t_ns = i * s / 10, .energy_J = 100 + 0.4 * i});
    trace.write({.t_ns = 2 * s, .name = "cell/a0", .opens = false});
  }
  const auto curve = run.curves().at({"", "a0"});
  EXPECT_EQ(curve.readings, 20U);
  for (const auto& bucket : curve.buckets) EXPECT_NEAR(bucket.mean_W, 4, 1e-9);
}

TEST(PowerCurves, OfACellThatRanTwiceTheLaterCountsAndOfOneThatWasKilledNone) {
  MadeRun run;
  {
    auto trace = run.writer();
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    readings(trace, 0, s, 5);
    trace.write({.t_ns = s, .name = "cell/a0", .opens = false});
    trace.write({.t_ns = s, .name = "cell/b0", .opens = true});
    readings(trace, s, 2 * s, 5);
  }
  {
    auto trace = run.writer("trace-2.csv");
    trace.write({.t_ns = 0, .name = "cell/a0", .opens = true});
    readings(trace, 0, 2 * s, 8);
    trace.write({.t_ns = 2 * s, .name = "cell/a0", .opens = false});
  }
  const auto curves = run.curves();
  EXPECT_EQ(curves.at({"", "a0"}).buckets.front().mean_W, 8);
  EXPECT_FALSE(curves.contains({"", "b0"}));
}

TEST(PowerCurves, ADamagedTraceIsAWarning) {
  MadeRun run;
  test::write_file((run.folder / "traces") / "trace.csv", "no trace at all\n");
  EXPECT_TRUE(run.curves().empty());
  ASSERT_EQ(run.warnings.size(), 1U);
  EXPECT_THAT(run.warnings[0], testing::HasSubstr("trace.csv:1"));
}

TEST(PowerCurves, ManyCellsShareABudget) {
  EXPECT_EQ(buckets_for(1), 4000U);
  EXPECT_EQ(buckets_for(10'000), 20U);
  EXPECT_EQ(buckets_for(0), 4000U);
}

}  // namespace
}  // namespace tbft
