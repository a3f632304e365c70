#include "tbft/power/plausible.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/support/fake_meter.h"

namespace tbft::power {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::simple_meter;
using testing::watts;
using testing::window;

// A constant power for 10 s at 10 Hz, of a meter with this step of its values.
Energy constant(double power_W, double resolution_W = 0) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.1, power_W));
  MeterInfo meter = simple_meter(0.1);
  meter.accuracy.resolution_W = resolution_W;
  return energy(readings, window(0, 10), meter);
}

MeterInfo counter(double period_s, double step_J = 0) {
  MeterInfo meter = simple_meter(period_s);
  meter.counter = true;
  meter.accuracy.resolution_J = step_J;
  return meter;
}

Energy counted(const MeterInfo& meter, double J_per_s, double seconds) {
  std::vector<Reading> readings;
  for (double t = 0; t <= seconds + meter.nominal_period_s / 2; t += meter.nominal_period_s)
    readings.push_back({.t_ns = from_seconds(t), .energy_J = J_per_s * t});
  return energy(readings, {.name = "w", .t0_ns = 0, .t1_ns = readings.back().t_ns}, meter);
}

TEST(Negative, JoulesBelowTheirUncertaintyAreRefusedWithTheRemedy) {
  const Energy e = constant(-4);
  ASSERT_TRUE(e.valid) << "a reading may be negative";
  EXPECT_NEAR(e.energy_J, -40, 1e-9);
  EXPECT_THAT(negative_reason(e), HasSubstr("VIN+"));
  EXPECT_THAT(negative_reason(constant(4)), IsEmpty());
  EXPECT_THAT(negative_reason(constant(0)), IsEmpty());
}

TEST(Negative, WithinItsUncertaintyAnEnergyMayBeNegative) {
  // U_random of one code: 2 x 10 s x 0.1 W / sqrt(12) = 0.58 J.
  EXPECT_THAT(negative_reason(constant(-0.05, 0.1)), IsEmpty());
  EXPECT_THAT(negative_reason(constant(-0.06, 0.1)), HasSubstr("negative energy"));
  Energy known = constant(-0.06, 0.1);
  known.U_J = 0.7;
  EXPECT_THAT(negative_reason(known), IsEmpty()) << "U goes before its random part";
  EXPECT_NEAR(lower_bound_J(known), -0.6 - 0.7, 1e-9);
}

TEST(Negative, ANetEnergyBelowItsUncertaintyIsRefusedButNotItsRounding) {
  const Energy gross = constant(3);
  EXPECT_THAT(negative_reason(net(gross, constant(3.5), constant(3.5)), gross), HasSubstr("while idle"));
  EXPECT_THAT(negative_reason(net(gross, constant(2.5), constant(2.5)), gross), IsEmpty());
  NetEnergy rounding = net(gross, gross, gross);
  rounding.net_J = -5.55e-17;
  EXPECT_THAT(negative_reason(rounding, gross), IsEmpty());
  EXPECT_THAT(negative_reason(NetEnergy{}, gross), IsEmpty()) << "unknown";
}

TEST(StandsStill, ASensorThatReadsExactly0W) {
  const Energy zero = constant(0);
  EXPECT_THAT(stands_still(simple_meter(0.1), {&zero}, {}).invalid, HasSubstr("0 W"));
  const Energy little = constant(1e-9);
  EXPECT_THAT(stands_still(simple_meter(0.1), {&little}, {}).invalid, IsEmpty());
}

TEST(StandsStill, ACounterThatDoesNotRiseBesideBusyProcessors) {
  const MeterInfo meter = counter(0.01, 1.0 / 16384);
  const Energy still = counted(meter, 0, 1), rising = counted(meter, 1e-3, 1), brief = counted(meter, 0, 0.15);
  ASSERT_TRUE(still.valid) << still.reason;
  EXPECT_THAT(stands_still(meter, {&still, 55, 1.1}, {}).invalid, HasSubstr("stood still"));
  EXPECT_THAT(stands_still(meter, {&still, 1, 0.02}, {}).invalid, IsEmpty());
  EXPECT_THAT(stands_still(meter, {&still, 1, 0.02}, {}).warning, HasSubstr("did not rise"));
  EXPECT_THAT(stands_still(meter, {&rising, 55, 1.1}, {}).invalid, IsEmpty());
  EXPECT_THAT(stands_still(meter, {&brief, 55, 1.1}, {}).invalid, IsEmpty()) << "fewer than 20 steps";
  // A battery that counts in 10 mWh takes 36 s for a step at 1 W.
  const MeterInfo battery = counter(1, 36);
  const Energy minute = counted(battery, 0, 60), quarter = counted(battery, 0, 900);
  EXPECT_THAT(stands_still(battery, {&minute, 55, 1.1}, {}).invalid, IsEmpty());
  EXPECT_THAT(stands_still(battery, {&quarter, 55, 1.1}, {}).invalid, HasSubstr("stood still"));
}

TEST(StandsStill, ARepeatedValueIsInvalidOnlyWhereIdleAndBusyAgree) {
  const MeterInfo meter = simple_meter(0.1);
  const Energy four = constant(4), other = constant(3.9);
  const auto judged = [&](double idle_pct, const Energy& before, const Energy& after) {
    return stands_still(meter, {&four, 90, 1.8}, std::array{WatchedEnergy{&before, idle_pct}, WatchedEnergy{&after, idle_pct}});
  };
  EXPECT_THAT(judged(5, four, four).invalid, HasSubstr("while idle and while busy"));
  EXPECT_THAT(judged(45, four, four).invalid, IsEmpty()) << "not far enough apart";
  EXPECT_THAT(judged(45, four, four).warning, HasSubstr("101 readings are 4 W"));
  EXPECT_THAT(judged(5, four, other).invalid, IsEmpty());
  EXPECT_THAT(judged(unknown, four, four).invalid, IsEmpty()) << "nobody looked at the processors";
  EXPECT_THAT(stands_still(meter, {&four}, {}).warning, HasSubstr("does the sensor follow"));
  Energy few = four;
  few.samples = 19;
  EXPECT_THAT(stands_still(meter, {&few}, {}).warning, IsEmpty());
}

TEST(StandsStill, WhatSomebodyElseMakesIsNotJudged) {
  const Energy zero = constant(0);
  MeterInfo meter = simple_meter(0.1);
  for (const char* uri : {"exec://./meter.sh", "lines:///dev/ttyACM0", "sum://?a=hwmon://x&b=lines://p?unit=W"}) {
    meter.uri = uri;
    EXPECT_THAT(stands_still(meter, {&zero}, {}).invalid, IsEmpty()) << uri;
  }
  meter.uri = "sum://?a=hwmon://x&b=pmic://";
  EXPECT_THAT(stands_still(meter, {&zero}, {}).invalid, ::testing::Not(IsEmpty()));
  meter = simple_meter(0.1);
  meter.measured = false;
  EXPECT_THAT(stands_still(meter, {&zero}, {}).invalid, IsEmpty());
}

TEST(Plausible, ABusyWindowOfSuchAMeterLosesItsJoules) {
  Energy zero = constant(0), negative = constant(-1), good = constant(1);
  for (Energy* e : {&zero, &negative, &good}) refuse_implausible(*e, simple_meter(0.1));
  EXPECT_FALSE(zero.valid);
  EXPECT_FALSE(negative.valid);
  EXPECT_TRUE(std::isnan(negative.energy_J));
  EXPECT_TRUE(std::isnan(negative.U_random_J));
  EXPECT_GT(negative.samples, 0U);
  EXPECT_TRUE(good.valid);
}

}  // namespace
}  // namespace tbft::power
