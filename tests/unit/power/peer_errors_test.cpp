// The errors that other energy tools make, each by its number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "power/protocol/counters.h"
#include "tbft/power/energy.h"
#include "tbft/power/registry.h"
#include "tests/support/fake_meter.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::simple_meter;
using testing::watts;
using testing::window;

TEST(PeerErrors, E01AConstantStretchIsNotDropped) {
  const std::vector readings{watts(0, 3), watts(10, 3), watts(10, 6), watts(20, 6)};
  EXPECT_DOUBLE_EQ(energy(readings, window(0, 20), simple_meter(10)).energy_J, 90);
}

TEST(PeerErrors, E02WindowEdgesAreInterpolated) {
  const std::vector readings{watts(0, 5), watts(1, 5), watts(2, 5), watts(3, 5), watts(4, 5)};
  EXPECT_NEAR(energy(readings, window(0.4, 3.6), simple_meter(1)).energy_J, 16, 1e-12);
}

TEST(PeerErrors, E03SumsAreExactAfterALongHistory) {
  std::vector<Reading> readings;
  const double begin_s = 1e7;  // four months of uptime
  for (int i = 0; i <= 1'000'100; ++i) {
    readings.push_back({.t_ns = from_seconds(begin_s) + TimeNs{i} * 1'000'000, .power_W = 5});
  }
  const Window w{.name = "w", .t0_ns = from_seconds(begin_s), .t1_ns = from_seconds(begin_s) + 1'000'000'000'000};
  EXPECT_NEAR(energy(readings, w, simple_meter(0.001)).energy_J, 5000, 1e-6);
}

TEST(PeerErrors, E04AFailedReadIsAGapAndNot0W) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.01, 5));
  readings[50] = {.t_ns = from_seconds(0.5), .flags = gap_begins};
  const Energy e = energy(readings, window(0, 1), simple_meter(0.01));
  EXPECT_NEAR(e.energy_J, 5, 1e-12);
  EXPECT_NEAR(e.coverage_pct, 98, 1e-9);
  EXPECT_EQ(e.samples, 100U);
}

TEST(PeerErrors, E05AReadingOf0WCountsAs0W) {
  const std::vector readings{watts(0, 4), watts(1, 4), watts(2, 0), watts(3, 4), watts(4, 4)};
  EXPECT_DOUBLE_EQ(energy(readings, window(0, 4), simple_meter(1)).energy_J, 12);
}

TEST(PeerErrors, E06LatePollsUseTheirTrueTimes) {
  const std::vector readings{watts(0, 2), watts(1, 2), watts(3.5, 4), watts(4, 4)};
  EXPECT_DOUBLE_EQ(energy(readings, window(0, 4), simple_meter(1)).energy_J, 2 + 7.5 + 2);
}

TEST(PeerErrors, E07TheLastPartialIntervalCounts) {
  const std::vector readings{watts(0, 5), watts(1, 5), watts(2, 5)};
  EXPECT_DOUBLE_EQ(energy(readings, window(0, 1.5), simple_meter(1)).energy_J, 7.5);
}

TEST(PeerErrors, E08AnUnknownMeterIsAnErrorThatListsTheKnownOnes) {
  try {
    open_meter("dummy://");
    FAIL() << "opened a meter that does not exist";
  } catch (const BadMeterUri& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("dummy"), HasSubstr("replay"), HasSubstr("estimate"), HasSubstr("ina219")));
  }
}

TEST(PeerErrors, E11AWindowWithoutAReadingIsInvalidNever0J) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 100; ++i) readings.push_back(watts(i * 0.02, 5));
  const Energy e = energy(readings, window(1.001, 1.003), simple_meter(0.02));
  EXPECT_FALSE(e.valid);
  EXPECT_EQ(e.reason, "no reading inside");
  EXPECT_TRUE(std::isnan(e.energy_J));
  EXPECT_EQ(e.samples, 0U);
}

TEST(PeerErrors, E12RepeatedValuesAreNotSamples) {
  std::vector<Reading> readings;
  for (int i = 0; i <= 1000; ++i) {  // polled at 1 kHz, a new value every 0.1 s
    Reading r = watts(i * 0.001, 5);
    if (i % 100 != 0) r.flags = repeated;
    readings.push_back(r);
  }
  const Energy e = energy(readings, window(0, 1), simple_meter(0.1));
  EXPECT_EQ(e.samples, 11U);
  EXPECT_DOUBLE_EQ(e.distinct_hz, 11);
}

TEST(PeerErrors, E13OneWrapIsUnwrappedAndSeveralAreInvalid) {
  // A range of 1000 J in mJ, at most 50 W: 20 s can hold a whole turn.
  CounterUnwrapper counter(1'000'000, 1e-3, 50);
  MeterInfo meter = simple_meter(4);
  meter.counter = true;
  std::vector<Reading> readings;
  const auto poll = [&](double t_s, std::uint64_t count) {
    const auto value = counter.next(from_seconds(t_s), count);
    const auto flags = static_cast<std::uint8_t>(value.ambiguous ? saturated : 0);
    readings.push_back({.t_ns = from_seconds(t_s), .energy_J = value.energy_J, .flags = flags});
  };
  for (const auto& [t, count] : {std::pair{0.0, 900'000U}, {4.0, 980'000U}, {8.0, 60'000U}, {12.0, 140'000U}}) poll(t, count);
  const Energy once = energy(readings, window(0, 12), meter);
  ASSERT_TRUE(once.valid) << once.reason;
  EXPECT_NEAR(once.energy_J, 240, 1e-9);

  poll(40, 150'000);
  poll(44, 160'000);
  meter.gap_limit_s = 60;
  EXPECT_THAT(energy(readings, window(10, 42), meter).reason, HasSubstr("wrapped"));
  EXPECT_TRUE(energy(readings, window(40, 44), meter).valid) << "the doubt lies before this window";
}

}  // namespace
}  // namespace tbft::power
