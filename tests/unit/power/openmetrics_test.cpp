#include "power/protocol/openmetrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/support/fake_meter.h"

namespace tbft::power {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::simple_meter;
using testing::watts;

Reading joules(double t_s, double energy_J) {
  return {.t_ns = from_seconds(t_s), .energy_J = energy_J};
}

MeterFigures figures_of(const MeterInfo& meter, const std::vector<Reading>& readings, double now_s) {
  MeterTotals totals(meter);
  for (const Reading& reading : readings) totals.add(reading);
  return totals.at(from_seconds(now_s));
}

TEST(MeterTotals, WattsAreIntegratedBetweenReadings) {
  const auto figures = figures_of(simple_meter(0.1), {watts(1, 2), watts(1.1, 4), watts(1.2, 4)}, 1.25);
  EXPECT_NEAR(figures.energy_J, 0.3 + 0.4, 1e-12);
  EXPECT_EQ(figures.returned_J, 0);
  EXPECT_EQ(figures.power_W, 4);
  EXPECT_TRUE(figures.valid);
  EXPECT_EQ(figures.readings, 3U);
  EXPECT_EQ(figures.gaps, 0U);
}

TEST(MeterTotals, AGapAddsTimeAndNoEnergy) {
  // One by its length, one by a failed read, one by a reset: 0.3 s is the limit.
  std::vector<Reading> readings{watts(1, 5), watts(1.1, 5), watts(2.1, 5)};
  readings.push_back({.t_ns = from_seconds(2.15), .flags = gap_begins});
  readings.push_back({.t_ns = from_seconds(2.16), .flags = gap_begins});
  readings.push_back(watts(2.2, 5));
  readings.push_back(watts(2.3, 5));
  readings.back().flags = reinitialised;
  const auto figures = figures_of(simple_meter(0.1), readings, 2.3);
  EXPECT_NEAR(figures.energy_J, 0.5, 1e-12);
  EXPECT_EQ(figures.gaps, 3U);
  EXPECT_NEAR(figures.gap_s, 1 + 0.1 + 0.1, 1e-12);
  EXPECT_TRUE(figures.valid);
}

TEST(MeterTotals, ACounterLosesNothingInAGapUnlessItWasReset) {
  MeterInfo meter = simple_meter(0.1);
  meter.counter = true;
  std::vector<Reading> readings{joules(1, 100), joules(1.1, 101), joules(3, 120)};
  EXPECT_NEAR(figures_of(meter, readings, 3).energy_J, 20, 1e-12);
  EXPECT_NEAR(figures_of(meter, readings, 3).power_W, 10, 1e-9);
  readings.push_back(joules(3.1, 3));  // went back: reset
  readings.push_back(joules(3.2, 4));
  readings.back().flags = 0;
  EXPECT_NEAR(figures_of(meter, readings, 3.2).energy_J, 21, 1e-12);
  readings.back().flags = reinitialised;
  EXPECT_NEAR(figures_of(meter, readings, 3.2).energy_J, 20, 1e-12);
}

TEST(MeterTotals, ACounterOfJoulesNeverFalls) {
  MeterTotals totals(simple_meter(0.1));
  double before_J = 0, returned_J = 0;
  for (int i = 0; i < 100; ++i) {
    totals.add(watts(1 + 0.1 * i, 3 * std::sin(0.2 * i)));
    const auto figures = totals.at(from_seconds(1 + 0.1 * i));
    EXPECT_GE(figures.energy_J, before_J);
    EXPECT_GE(figures.returned_J, returned_J);
    before_J = figures.energy_J;
    returned_J = figures.returned_J;
  }
  EXPECT_GT(returned_J, 1);
}

TEST(MeterTotals, WhatIsOldOrAtTheEndOfTheRangeIsNotValid) {
  const MeterInfo meter = simple_meter(0.1);
  EXPECT_FALSE(figures_of(meter, {}, 1).valid);
  EXPECT_TRUE(std::isnan(figures_of(meter, {}, 1).power_W)) << "unknown, not 0";
  EXPECT_FALSE(figures_of(meter, {watts(1, 5)}, 1.4).valid);
  EXPECT_TRUE(std::isnan(figures_of(meter, {watts(1, 5)}, 1.4).power_W));
  EXPECT_FALSE(figures_of(meter, {watts(1, 5), {.t_ns = from_seconds(1.1), .flags = gap_begins}}, 1.1).valid);
  Reading clipped = watts(1, 5);
  clipped.flags = saturated;
  EXPECT_FALSE(figures_of(meter, {clipped}, 1).valid);
  EXPECT_EQ(figures_of(meter, {clipped}, 1).saturated, 1U);
  Reading again = watts(1.1, 5);
  again.flags = repeated;
  EXPECT_EQ(figures_of(meter, {watts(1, 5), again}, 1.1).readings, 1U);
}

TEST(OpenMetrics, TheTextIsThatOfTheFormat) {
  MeterInfo meter = simple_meter(0.1);
  meter.uri = "ina219:///dev/i2c-1?addr=0x40";
  meter.description = "a \"chip\" \\ of\nours \xC2\xB5";
  const auto text =
      openmetrics_text(meter, {.energy_J = 12.5, .power_W = 5, .valid = true, .readings = 3, .gap_s = 0.25}, 1.7e9);
  const std::string labels = R"({meter="ina219:///dev/i2c-1?addr=0x40",scope="board",measured="1"})";
  EXPECT_TRUE(
      text.starts_with("# TYPE tbft_energy_joules counter\n# UNIT tbft_energy_joules joules\n# HELP tbft_energy_joules "));
  EXPECT_THAT(text, HasSubstr("\ntbft_energy_joules_total" + labels + " 12.5\n"));
  EXPECT_THAT(text, HasSubstr("\ntbft_energy_joules_created" + labels + " 1700000000.000\n"));
  EXPECT_THAT(text, HasSubstr("\ntbft_power_watts" + labels + " 5\n"));
  EXPECT_THAT(text, HasSubstr("\ntbft_valid" + labels + " 1\n"));
  EXPECT_THAT(text, HasSubstr("\ntbft_gap_seconds_total" + labels + " 0.25\n"));
  EXPECT_THAT(text, HasSubstr(R"(description="a \"chip\" \\ of\nours ??"} 1)"));
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
  EXPECT_EQ(text.find("# EOF"), text.size() - 6);
  EXPECT_THAT(openmetrics_text(meter, {}, 1), HasSubstr(" NaN\n")) << "unknown watts";
}

TEST(OpenMetrics, ACommandIsNotShown) {
  MeterInfo meter = simple_meter(0.1);
  meter.uri = "exec://curl -u me:secret http://plug?unit=W";
  EXPECT_THAT(openmetrics_text(meter, {}, 1), Not(HasSubstr("secret")));
  meter.description = "replay of trace.csv, recorded with " + std::exchange(meter.uri, "replay://trace.csv");
  EXPECT_THAT(openmetrics_text(meter, {}, 1), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace tbft::power
