#include "tbft/power/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/support/fake_meter.h"

namespace tbft::power {
namespace {

using ::testing::HasSubstr;
using testing::simple_meter;
using testing::watts;
using testing::window;

TEST(Energy, ARampInsideWideReadingsIsIntegratedExactly) {
  // P(t) = 2 + 3 t; over [0.25, 1.75]: 2 x 1.5 + 1.5 x (1.75^2 - 0.25^2) = 7.5 J.
  const std::vector readings{watts(0, 2), watts(0.5, 3.5), watts(2, 8)};
  const Energy e = energy(readings, window(0.25, 1.75), simple_meter(1));
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_DOUBLE_EQ(e.energy_J, 7.5);
  EXPECT_DOUBLE_EQ(e.mean_W, 5);
  EXPECT_DOUBLE_EQ(e.max_W, 3.5);
  EXPECT_EQ(e.samples, 1U);
}

TEST(Energy, ARandomTraceAgreesWithASumOverFineSteps) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> step(0.005, 0.03);
  std::uniform_real_distribution<double> power(1, 8);
  std::vector<Reading> readings;
  for (double t = 0; t < 5; t += step(random)) readings.push_back(watts(t, power(random)));
  // Midpoint sums of the piecewise linear signal over 20 us steps.
  double truth_J = 0;
  std::size_t i = 0;
  for (int n = 0; n < 150'000; ++n) {
    const double t = 1 + (n + 0.5) * 2e-5;
    while (to_seconds(readings[i + 1].t_ns) < t) ++i;
    const double ta = to_seconds(readings[i].t_ns);
    const double tb = to_seconds(readings[i + 1].t_ns);
    truth_J += 2e-5 * (readings[i].power_W + (readings[i + 1].power_W - readings[i].power_W) * (t - ta) / (tb - ta));
  }
  const Energy e = energy(readings, window(1, 4), simple_meter(0.02));
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, truth_J, 1e-5 * truth_J);
}

TEST(Energy, WindowsThatShareAnEdgeAddUp) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 300; ++i) readings.push_back(watts(i * 0.01, 3 + 2 * std::sin(i)));
  const MeterInfo meter = simple_meter(0.01);
  const Energy whole = energy(readings, window(0.1234, 2.7), meter);
  const Energy first = energy(readings, window(0.1234, 1.5678), meter);
  const Energy second = energy(readings, window(1.5678, 2.7), meter);
  EXPECT_NEAR(first.energy_J + second.energy_J, whole.energy_J, 1e-12 * whole.energy_J);
  const Energy both = combine(std::vector{first, second});
  EXPECT_NEAR(both.energy_J, whole.energy_J, 1e-12 * whole.energy_J);
  EXPECT_DOUBLE_EQ(both.duration_s, whole.duration_s);
  EXPECT_EQ(both.samples, whole.samples);
  EXPECT_DOUBLE_EQ(both.max_W, whole.max_W);
}

TEST(Energy, AShortGapIsBridgedAndCountedAndALongOneIsInvalid) {
  const auto trace = [](int lost) {
    std::vector<Reading> readings;
    for (int i = 0; i <= 1000; ++i) {
      if (i < 500 || i >= 500 + lost) readings.push_back(watts(i * 0.01, 4));
    }
    return readings;
  };
  const Energy bridged = energy(trace(30), window(1, 9), simple_meter(0.01));
  ASSERT_TRUE(bridged.valid) << bridged.reason;
  EXPECT_NEAR(bridged.energy_J, 32, 1e-9);
  EXPECT_NEAR(bridged.longest_gap_s, 0.31, 1e-9);
  EXPECT_NEAR(bridged.coverage_pct, 100 * (1 - 0.31 / 8), 1e-9);

  const Energy lost = energy(trace(50), window(1, 9), simple_meter(0.01));
  EXPECT_FALSE(lost.valid);
  EXPECT_THAT(lost.reason, HasSubstr("93.6 %"));
  EXPECT_TRUE(std::isnan(lost.energy_J));
  EXPECT_EQ(lost.samples, 751U);
}

TEST(Energy, NoReadingBeyondAnEdgeIsInvalid) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(1 + i * 0.01, 4));
  const MeterInfo meter = simple_meter(0.01);
  EXPECT_TRUE(energy(readings, window(1, 2), meter).valid) << "on the edge is enough";
  EXPECT_THAT(energy(readings, window(0.999, 1.9), meter).reason, HasSubstr("start"));
  EXPECT_THAT(energy(readings, window(1.1, 2.001), meter).reason, HasSubstr("end"));
  EXPECT_THAT(energy(readings, window(3, 4), meter).reason, HasSubstr("no reading inside"));
  EXPECT_THAT(energy({}, window(3, 4), meter).reason, HasSubstr("no reading inside"));
  EXPECT_THAT(energy(readings, window(1.5, 1.5), meter).reason, HasSubstr("no duration"));
  EXPECT_THAT(energy(readings, window(1.5, 1.2), meter).reason, HasSubstr("no duration"));
}

TEST(Energy, ASaturatedReadingMakesTheWindowInvalidButNotItsNeighbour) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.01, 4));
  readings[50].flags = saturated;
  EXPECT_THAT(energy(readings, window(0.3, 0.7), simple_meter(0.01)).reason, HasSubstr("saturated"));
  EXPECT_TRUE(energy(readings, window(0.1, 0.4), simple_meter(0.01)).valid);
}

TEST(Energy, AResetOfTheDeviceIsAGap) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.01, 4));
  readings[50].flags = reinitialised;
  const Energy e = energy(readings, window(0, 1), simple_meter(0.01));
  EXPECT_NEAR(e.coverage_pct, 99, 1e-9);
}

TEST(Energy, ACounterIsDifferencedWithInterpolatedEdges) {
  MeterInfo meter = simple_meter(1);
  meter.counter = true;
  std::vector<Reading> readings;
  for (int i = 0; i <= 10; ++i) readings.push_back({.t_ns = from_seconds(i), .energy_J = 1e6 + 7.0 * i});
  const Energy e = energy(readings, window(0.5, 8.25), meter);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 7 * 7.75, 1e-9);
  EXPECT_NEAR(e.max_W, 7, 1e-9);
  readings[5].energy_J = 0;
  EXPECT_THAT(energy(readings, window(0.5, 8.25), meter).reason, HasSubstr("backwards"));
}

TEST(Budget, AnUnknownAccuracyLeavesUUnknownAndFillsTheRandomPart) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back({.t_ns = from_seconds(i * 0.01), .volts_V = 5, .amps_A = 1, .power_W = 5});
  MeterInfo meter = simple_meter(0.01);
  meter.accuracy.resolution_A = 0.001;
  const Energy e = energy(readings, window(0.1, 0.9), meter);
  EXPECT_TRUE(std::isnan(e.U_J));
  EXPECT_TRUE(std::isnan(e.u_rel_gain));
  // A constant signal shows one code: its rounding error is the same in every reading. k x T x V x q / sqrt(12).
  EXPECT_NEAR(e.U_random_J, 2 * 0.8 * 5 * 0.001 / std::sqrt(12), 1e-9);
}

TEST(Budget, GainAndOffsetLimitsGiveTheDatasheetU) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back({.t_ns = from_seconds(i * 0.01), .volts_V = 5, .amps_A = 1, .power_W = 5});
  MeterInfo meter = simple_meter(0.01);
  meter.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0.002, .offset_limit_V = 0.01};
  const Energy e = energy(readings, window(0, 1), meter);
  EXPECT_NEAR(e.u_rel_gain, 0.01 / std::sqrt(3), 1e-12);
  EXPECT_NEAR(e.u_offset_W, std::hypot(5 * 0.002, 1 * 0.01) / std::sqrt(3), 1e-12);
  EXPECT_NEAR(e.U_J, 2 * std::hypot(0.05, 0.01, 0.01) / std::sqrt(3), 1e-9);
  EXPECT_NEAR(e.U_random_J, 0, 1e-12);
}

TEST(Budget, AMeterThatGivesOnlyWattsHasAnOffsetInWattsThatCancelsInNet) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 300; ++i) readings.push_back(watts(i * 0.01, i < 100 || i > 200 ? 2 : 6));
  MeterInfo meter = simple_meter(0.01);
  meter.accuracy = {.gain_limit_rel = 0.01, .offset_limit_W = 0.3};
  const Energy gross = energy(readings, window(1.1, 1.9), meter);
  EXPECT_NEAR(gross.u_offset_W, 0.3 / std::sqrt(3), 1e-12);
  EXPECT_NEAR(gross.U_J, 2 * std::hypot(0.01 * 6, 0.3) * 0.8 / std::sqrt(3), 1e-9);
  const NetEnergy over = net(gross, energy(readings, window(0.1, 0.9), meter), energy(readings, window(2.1, 2.9), meter));
  EXPECT_NEAR(over.U_net_J, 2 * 0.01 * 4 * 0.8 / std::sqrt(3), 1e-9);
}

TEST(Budget, AStepAtTheEdgeAndAGapBetweenUnequalPowersCostCertainty) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 1000; ++i) readings.push_back(watts(i * 0.01, i < 300 ? 2 : 6));
  const MeterInfo meter = simple_meter(0.01);
  // The step of 4 W lies between the readings at 2.99 s and 3.00 s; the start falls between them.
  const Energy at_step = energy(readings, window(2.995, 6), meter);
  EXPECT_NEAR(at_step.U_random_J, 2 * std::sqrt(2 * 0.01 * 0.01 * 16 / 12.0), 0.02);
  EXPECT_NEAR(energy(readings, window(4, 6), meter).U_random_J, 0, 1e-12);

  std::vector<Reading> gap = readings;
  std::erase_if(gap, [](const Reading& r) { return r.t_ns >= from_seconds(4.9999) && r.t_ns < from_seconds(5.0999); });
  const Energy bridged = energy(gap, window(1, 8), meter);
  EXPECT_NEAR(bridged.U_random_J, 2 * 0.11 * 4 / std::sqrt(12), 0.01);
}

// An independent simulation: true gain, offset and phase drawn for each trial, readings made from them, U compared with the
// error.
TEST(Budget, UCoversTheSimulatedErrorOfASteppingLoad) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> unit(-1, 1);
  int covered = 0;
  constexpr int trials = 500;
  for (int trial = 0; trial < trials; ++trial) {
    MeterInfo meter = simple_meter(0.01);
    meter.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0.002, .resolution_A = 0.001};
    const double gain = 1 + 0.01 * unit(random);
    const double offset_A = 0.002 * unit(random);
    const double start = 1 + 0.005 * unit(random);
    const double low_A = 0.5 + 0.1 * unit(random);
    const double high_A = 1 + 0.1 * unit(random);
    const double period = 0.37 + 0.1 * unit(random);
    const auto is_high = [&](double t) { return t >= start && std::fmod(t - start, period) < period / 2; };
    std::vector<Reading> readings;
    for (double t = 0; t < 4; t += 0.01) {
      const double amps = std::round(((is_high(t) ? high_A : low_A) * gain + offset_A) / 0.001) * 0.001;
      readings.push_back({.t_ns = from_seconds(t), .volts_V = 5, .amps_A = amps, .power_W = 5 * amps});
    }
    double truth_J = 0;
    for (int i = 0; i < 20'000; ++i) truth_J += 1e-4 * 5 * (is_high(start + (i + 0.5) * 1e-4) ? high_A : low_A);
    const Energy e = energy(readings, window(start, start + 2), meter);
    covered += std::abs(e.energy_J - truth_J) <= e.U_J ? 1 : 0;
  }
  EXPECT_GE(covered, trials * 93 / 100);
}

// Ten windows of 40 ms under a meter of 10 Hz: six of them hold no reading, together they do.
TEST(Combine, ShortPartsBetweenReadingsAreInterpolatedWhereThePartsTogetherHoldOne) {
  const MeterInfo meter = simple_meter(0.1);
  std::vector<Reading> readings;
  for (int i = 0; i <= 50; ++i) readings.push_back(watts(0.1 * i, 2 + 0.1 * i));
  std::vector<Energy> parts;
  double truth_J = 0;
  for (int i = 0; i < 10; ++i) {
    const double t0 = 0.51 + 0.27 * i;
    parts.push_back(energy_part(readings, window(t0, t0 + 0.04), meter));
    truth_J += 0.04 * (2 + t0 + 0.02);
  }
  EXPECT_GT(std::ranges::count(parts, std::size_t{0}, &Energy::samples), 3);
  const Energy all = combine(parts);
  ASSERT_TRUE(all.valid) << all.reason;
  EXPECT_NEAR(all.energy_J, truth_J, 1e-9);
  EXPECT_GT(all.U_random_J, 0);

  const Energy alone = energy(readings, window(0.51, 0.55), meter);
  EXPECT_FALSE(alone.valid);
  EXPECT_EQ(alone.reason, "no reading inside");
  EXPECT_TRUE(std::isnan(alone.energy_J));
  EXPECT_FALSE(combine(std::vector{parts[0], parts[0]}).valid) << "no part holds a reading";
}

// A load of 0.5049 A that a meter with steps of 0.01 A shows as 0.50 A is too low by the same 0.0245 W in each part.
TEST(Combine, TheRoundingOfAConstantLoadIsTheSameInEachPart) {
  MeterInfo meter = simple_meter(0.1);
  meter.accuracy.resolution_A = 0.01;
  std::vector<Reading> readings;
  for (int i = 0; i <= 1000; ++i)
    readings.push_back({.t_ns = from_seconds(0.1 * i), .volts_V = 5, .amps_A = 0.5, .power_W = 2.5});
  std::vector<Energy> parts;
  parts.reserve(20);
  for (int i = 0; i < 20; ++i) parts.push_back(energy_part(readings, window(5.0 * i, 5.0 * i + 5), meter));
  const Energy all = combine(parts);
  EXPECT_NEAR(all.U_random_J, energy(readings, window(0, 100), meter).U_random_J, 1e-9);
  EXPECT_GT(all.U_random_J, 0.0245 * 100);
}

// A meter that shows each value 0.5 s late misses the same at each rise; what it does at the edges differs.
TEST(Combine, AMeterIsLateInTheSameWayInEachPart) {
  Energy part;
  part.valid = true;
  part.energy_J = 10;
  part.duration_s = 2;
  part.samples = 5;
  part.U_random_J = 0.5;
  part.U_repeating_J = 0.3;
  const Energy all = combine(std::vector{part, part});
  EXPECT_NEAR(all.U_repeating_J, 0.6, 1e-12);
  EXPECT_NEAR(all.U_random_J, std::sqrt(0.6 * 0.6 + 2 * 0.4 * 0.4), 1e-12);
  EXPECT_NEAR(combine(std::vector{all, all}).U_random_J, std::sqrt(1.2 * 1.2 + 4 * 0.4 * 0.4), 1e-12) << "of sums, too";
}

TEST(Combine, OffsetAddsLinearlyAndRandomPartsInSquares) {
  Energy part;
  part.valid = true;
  part.energy_J = 10;
  part.duration_s = 2;
  part.samples = 5;
  part.U_random_J = 0.3;
  part.u_rel_gain = 0.01;
  part.u_offset_by_A_W = 0.05;
  part.u_offset_by_V_W = 0;
  part.u_offset_W = 0.05;
  const Energy all = combine(std::vector{part, part});
  EXPECT_DOUBLE_EQ(all.energy_J, 20);
  EXPECT_DOUBLE_EQ(all.u_offset_W, 0.05);
  EXPECT_NEAR(all.U_random_J, 0.3 * std::sqrt(2), 1e-12);
  EXPECT_NEAR(all.U_J, std::sqrt(0.4 * 0.4 + 0.4 * 0.4 + 0.18), 1e-12);
  Energy bad = part;
  bad.valid = false;
  bad.reason = "gaps";
  const Energy spoiled = combine(std::vector{part, bad});
  EXPECT_FALSE(spoiled.valid);
  EXPECT_THAT(spoiled.reason, HasSubstr("gaps"));
  EXPECT_TRUE(std::isnan(spoiled.energy_J));
  EXPECT_FALSE(combine({}).valid);
}

TEST(Net, AConstantOffsetCancelsAndTheGainActsOnTheNet) {
  const auto measured = [](double true_W, double offset_W, double seconds) {
    std::vector<Reading> readings;
    for (int i = 0; i <= 100; ++i) {
      const double w = true_W + offset_W;
      readings.push_back({.t_ns = from_seconds(i * seconds / 100), .volts_V = 5, .amps_A = w / 5, .power_W = w});
    }
    MeterInfo meter = simple_meter(seconds / 100);
    meter.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0.1};
    return energy(readings, {.name = "", .t0_ns = 0, .t1_ns = from_seconds(seconds)}, meter);
  };
  const NetEnergy n = net(measured(6, 0.4, 10), measured(2, 0.4, 5), measured(2, 0.4, 5));
  EXPECT_NEAR(n.idle_W, 2.4, 1e-12);
  EXPECT_NEAR(n.net_J, 40, 1e-9);
  EXPECT_NEAR(n.U_net_J, 2 * 0.01 / std::sqrt(3) * 40, 1e-9);
  // Half the difference of both sides, 0.1 W, as a rectangular limit over 10 s.
  const NetEnergy drifting = net(measured(6, 0, 10), measured(2, 0, 5), measured(2.2, 0, 5));
  EXPECT_NEAR(drifting.net_J, 39, 1e-9);
  EXPECT_NEAR(drifting.U_random_net_J, 2 * 0.1 / std::sqrt(3) * 10, 1e-9);
}

// Independent offsets: 0.1 A on a voltage that changed by 0.5 V, 0.05 V on a current that changed by 0.8 A.
TEST(Net, OfTheOffsetsRemainsWhatVoltageAndCurrentChanged) {
  const auto measured = [](double volts, double amps, double seconds) {
    std::vector<Reading> readings;
    for (int i = 0; i <= 100; ++i)
      readings.push_back({.t_ns = from_seconds(i * seconds / 100), .volts_V = volts, .amps_A = amps, .power_W = volts * amps});
    MeterInfo meter = simple_meter(seconds / 100);
    meter.accuracy = {.gain_limit_rel = 0, .offset_limit_A = 0.1, .offset_limit_V = 0.05};
    return energy(readings, {.name = "", .t0_ns = 0, .t1_ns = from_seconds(seconds)}, meter);
  };
  const NetEnergy n = net(measured(5, 1.2, 10), measured(5.5, 0.4, 5), measured(5.5, 0.4, 5));
  EXPECT_NEAR(n.U_net_J, 2 / std::sqrt(3) * std::hypot(0.1 * 0.5, 0.05 * 0.8) * 10, 1e-9);
}

TEST(Energy, ACounterThatWasResetInsideTheWindowHasNoJoules) {
  MeterInfo meter = simple_meter(0.1);
  meter.counter = true;
  std::vector<Reading> readings;
  for (int i = 0; i <= 20; ++i) readings.push_back({.t_ns = from_seconds(0.1 * i), .energy_J = 0.5 * i});
  for (int i = 11; i <= 20; ++i) readings[static_cast<std::size_t>(i)].energy_J -= 0.5;  // the interval before was lost
  EXPECT_TRUE(energy(readings, window(0.2, 1.8), meter).valid);
  readings[11].flags |= reinitialised;
  const Energy e = energy(readings, window(0.2, 1.8), meter);
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("reset"));
  EXPECT_TRUE(energy(readings, window(1.15, 1.8), meter).valid) << "after it the count is whole";
}

TEST(Energy, ACountersOffsetIsInUWhereTheMeterStatesOne) {
  MeterInfo meter = simple_meter(0.1);
  meter.counter = true;
  meter.accuracy = {.gain_limit_rel = 0, .offset_limit_A = 0.02};
  std::vector<Reading> readings;
  for (int i = 0; i <= 20; ++i)
    readings.push_back({.t_ns = from_seconds(0.1 * i), .volts_V = 5, .amps_A = 1, .energy_J = 0.5 * i});
  EXPECT_NEAR(energy(readings, window(0, 2), meter).U_J, 2 * 0.02 / std::sqrt(3) * 5 * 2, 1e-9);
}

TEST(Energy, ACounterLosesNothingInAGap) {
  MeterInfo meter = simple_meter(0.01);
  meter.counter = true;
  std::vector<Reading> readings;
  // A sampler under a quota: 25 ms of readings, then 75 ms of nothing.
  for (int i = 0; i <= 300; ++i) {
    if (i % 10 < 3) readings.push_back({.t_ns = from_seconds(0.01 * i), .energy_J = 0.05 * i});
  }
  const Energy e = energy(readings, window(0.96, 2.28), meter);  // both edges in a pause
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 5 * 1.32, 1e-9);
  EXPECT_LT(e.coverage_pct, 50) << "what was covered stays known";
  // The same of a power meter is lost.
  for (Reading& r : readings) r = watts(to_seconds(r.t_ns), 5);
  EXPECT_FALSE(energy(readings, window(1, 2.2), simple_meter(0.01)).valid);
  EXPECT_THAT(energy(std::vector{readings.front()}, window(0, 2), meter).reason, HasSubstr("no reading"));
}

TEST(Energy, ASuspendWithinTheWindowIsAGap) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.01, 4));
  readings[50].flags = asleep;
  EXPECT_THAT(energy(readings, window(0.2, 0.8), simple_meter(0.01)).reason, HasSubstr("suspended"));
  EXPECT_TRUE(energy(readings, window(0.51, 0.8), simple_meter(0.01)).valid) << "it was asleep before";
  EXPECT_TRUE(energy(readings, window(0.2, 0.48), simple_meter(0.01)).valid) << "it was asleep after";
  // The first read after waking may fail.
  readings[50] = {.t_ns = from_seconds(0.5), .flags = gap_begins | asleep};
  EXPECT_THAT(energy(readings, window(0.2, 0.8), simple_meter(0.01)).reason, HasSubstr("suspended"));
}

TEST(Energy, ReadingsTooLargeToAddUpHaveAReason) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.01, i == 50 || i == 51 ? 1e308 : 4));
  const Energy e = energy(readings, window(0, 1), simple_meter(0.01));
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("too large"));
}

TEST(Energy, WhereNoReadingIsInsideNothingWasCovered) {
  const std::vector readings{watts(0, 4), watts(1, 4)};
  const Energy e = energy(readings, window(0.4, 0.5), simple_meter(1));
  EXPECT_THAT(e.reason, HasSubstr("no reading inside"));
  EXPECT_TRUE(std::isnan(e.coverage_pct));
}

TEST(Net, OfAnUnknownOffsetHasNoU) {
  const auto measured = [](double volts, double amps) {
    std::vector<Reading> readings;
    for (int i = 0; i <= 100; ++i)
      readings.push_back({.t_ns = from_seconds(0.1 * i), .volts_V = volts, .amps_A = amps, .power_W = volts * amps});
    MeterInfo meter = simple_meter(0.1);
    meter.accuracy = {.gain_limit_rel = 0.01, .resolution_A = 0.01};
    return energy(readings, {.name = "", .t0_ns = 0, .t1_ns = from_seconds(10)}, meter);
  };
  const NetEnergy n = net(measured(5, 1.2), measured(5.2, 0.4), measured(5.2, 0.4));
  EXPECT_GT(n.net_J, 0);
  EXPECT_TRUE(std::isnan(n.U_net_J)) << n.U_net_J;
  EXPECT_GT(n.U_random_net_J, 0);
}

TEST(Net, WithoutIdleTheNetIsUnknownNeverTheGross) {
  Energy gross;
  gross.valid = true;
  gross.energy_J = 10;
  gross.duration_s = 1;
  EXPECT_TRUE(std::isnan(net(gross, {}, gross).net_J));
  EXPECT_TRUE(std::isnan(net(gross, gross, {}).idle_W));
}

}  // namespace
}  // namespace tbft::power
