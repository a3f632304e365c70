#include "tbft/power/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/fake_meter.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using namespace std::chrono_literals;

using ::testing::ElementsAre;
using testing::FunctionMeter;
using ::testing::HasSubstr;
using testing::SharedClock;
using testing::simple_meter;

constexpr TimeNs ms = 1'000'000;

// At 100 Hz, noise of 20 mW around 2 W.
Capture steady(double sd_W = 0.02, double drift_W_per_s = 0, int seconds = 10) {
  Capture c;
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise(0, 1);
  for (int i = 0; i < 100 * seconds; ++i) {
    c.readings.push_back({.t_ns = i * 10 * ms, .power_W = 2 + sd_W * noise(random) + drift_W_per_s * 0.01 * i});
  }
  c.duration_s = seconds;
  c.sampler = {.requested_hz = 100, .delivered_hz = 100, .distinct_hz = 100, .cpu_s = 0.05};
  c.process_cpu_s = 0.2;
  return c;
}

TEST(SelfTest, RatesSpacingCostAndNoise) {
  const SelfTest t = self_test(steady(), simple_meter(0.01));
  EXPECT_TRUE(t.ok()) << t.problems.front();
  EXPECT_NEAR(t.distinct_hz, 100, 1e-6);
  EXPECT_NEAR(t.nominal_hz, 100, 1e-9);
  EXPECT_NEAR(t.spacing_median_s, 0.01, 1e-9);
  EXPECT_NEAR(t.spacing_max_s, 0.01, 1e-9);
  EXPECT_NEAR(t.mean_W, 2, 0.003);
  EXPECT_NEAR(t.sd_W, 0.02, 0.002);
  EXPECT_NEAR(self_test(steady(0.02, 0, 200), simple_meter(0.01)).allan_1s_W, 0.002, 4e-4)
      << "white noise falls with the root of the number";
  EXPECT_NEAR(t.sampler_cpu_pct, 0.5, 1e-9);
  EXPECT_NEAR(t.process_cpu_pct, 2, 1e-9);
}

TEST(SelfTest, ConversionsThatGaveNoReadingAreAProblem) {
  Capture c = steady();
  MeterInfo converter = simple_meter(0.01);
  converter.paces_itself = true;
  c.sampler.distinct = 930;
  c.sampler.skipped = 70;
  EXPECT_THAT(self_test(c, converter).problems, ElementsAre(HasSubstr("93 % of the conversions gave a reading (930 of 1000)")));
  c.sampler.skipped = 30;
  EXPECT_TRUE(self_test(c, converter).ok());
}

TEST(SelfTest, DriftIsNotNoise) {
  const SelfTest t = self_test(steady(0.02, 0.02), simple_meter(0.01));
  EXPECT_GT(t.sd_W, 0.05);
  EXPECT_LT(t.allan_1s_W, 0.018) << "a step a second of 20 mW is 14 mW";
}

TEST(SelfTest, AllanDeviationTakesWholeSecondsThatFollowOneAnother) {
  Capture c = steady(0);
  c.readings.erase(c.readings.begin() + 400, c.readings.begin() + 600);
  for (std::size_t i = 400; i < c.readings.size(); ++i) c.readings[i].power_W = 3;  // a step inside the hole
  c.readings.push_back({.t_ns = 10'000 * ms, .power_W = 50});                       // of a second that has just begun
  EXPECT_NEAR(self_test(c, simple_meter(0.01)).allan_1s_W, 0, 1e-12);
}

TEST(SelfTest, ACounterShowsItsDifferences) {
  Capture c = steady();
  double joules_J = 0;
  for (Reading& r : c.readings) r = {.t_ns = r.t_ns, .energy_J = joules_J += 0.03};
  MeterInfo info = simple_meter(0.01);
  info.counter = true;
  const SelfTest t = self_test(c, info);
  EXPECT_TRUE(t.ok());
  EXPECT_NEAR(t.mean_W, 3, 1e-9);
  EXPECT_NEAR(t.sd_W, 0, 1e-9);
}

TEST(SelfTest, WhatIsWrongIsSaid) {
  const auto problems = [](const std::function<void(Capture&)>& spoil, double interval_s = 0) {
    Capture c = steady();
    if (interval_s > 0) c.sampler.requested_hz = 1 / interval_s;
    spoil(c);
    return self_test(c, simple_meter(0.01)).problems;
  };
  EXPECT_THAT(problems([](Capture& c) { c.readings.clear(); }), ElementsAre(HasSubstr("no reading")));
  EXPECT_THAT(problems([](Capture& c) { c.readings.resize(500); }), ElementsAre(HasSubstr("during 4.99 of 10 s")));
  EXPECT_THAT(problems([](Capture& c) { c.readings.erase(c.readings.begin() + 300, c.readings.begin() + 310); }),
              ElementsAre(HasSubstr("gap of 0.11 s")));
  EXPECT_THAT(problems([](Capture& c) { c.readings[4] = {.t_ns = c.readings[4].t_ns, .flags = gap_begins}; }),
              ElementsAre(HasSubstr("1 failed")));
  EXPECT_THAT(problems([](Capture& c) { c.readings[4].flags = reinitialised; }), ElementsAre(HasSubstr("reset 1 times")));
  EXPECT_THAT(problems([](Capture& c) { c.readings[4].flags = saturated; }), ElementsAre(HasSubstr("end of the range")));
  EXPECT_THAT(problems([](Capture& c) { c.sampler.cpu_s = 2; }), ElementsAre(HasSubstr("20.0 % of a core")));
  const auto half = [](Capture& c) {
    for (std::size_t i = 0; i < c.readings.size(); ++i) c.readings[i].flags = i % 4 != 0 ? repeated : 0;
  };
  EXPECT_THAT(problems(half), ElementsAre(HasSubstr("repeats old values")));
  EXPECT_THAT(problems(half, 0.04), ElementsAre()) << "as many as were asked for";
}

TEST(Capture, SamplesAMeterForAWhile) {
  auto clock = std::make_shared<SharedClock>(2);
  FunctionMeter meter(simple_meter(0.01), [](TimeNs) { return 2.0; });
  const Capture c = capture(meter, *clock, 5s);
  EXPECT_NEAR(c.duration_s, 5, 1e-9);
  EXPECT_NEAR(static_cast<double>(c.readings.size()), 500, 2);
  EXPECT_TRUE(self_test(c, meter.info()).ok());
  EXPECT_THROW(capture(meter, *clock, 601s), std::invalid_argument);
  EXPECT_THROW(capture(meter, *clock, 0s), std::invalid_argument);
}

TEST(SelfTest, CurrentTheOtherWayRoundOrNoneAtAllIsNotGood) {
  Capture c = steady();
  for (Reading& r : c.readings) r.power_W = -r.power_W;
  EXPECT_THAT(self_test(c, simple_meter(0.01)).problems, ElementsAre(HasSubstr("negative energy")));
  for (Reading& r : c.readings) r.power_W = 0;
  EXPECT_THAT(self_test(c, simple_meter(0.01)).problems, ElementsAre(HasSubstr("exactly 0 W")));
  for (Reading& r : c.readings) r = {.t_ns = r.t_ns, .energy_J = 12};
  MeterInfo counter = simple_meter(0.01);
  counter.counter = true;
  EXPECT_THAT(self_test(c, counter).problems, ElementsAre(HasSubstr("did not rise")));
}

// As USB meters are: new values twice a second, asked for ten times a second.
class RepeatingMeter final : public Meter {
 public:
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override { asked_ = first_window; }
  void stop() override {}
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return asked_ + 100 * ms; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now == asked_) return std::nullopt;
    asked_ = now;
    const bool fresh = ++polls_ % 5 == 0;
    return Reading{.t_ns = now, .power_W = 2, .flags = static_cast<std::uint8_t>(fresh ? 0 : repeated)};
  }

 private:
  MeterInfo info_ = simple_meter(0.5);
  TimeNs asked_ = 0;
  int polls_ = 0;
};

TEST(Capture, KeepsAllOfAMeterThatRepeatsItsValues) {
  auto clock = std::make_shared<SharedClock>(2);
  RepeatingMeter meter;
  const Capture c = capture(meter, *clock, 2min);
  EXPECT_NEAR(static_cast<double>(c.readings.size()), 1200, 2);
  const SelfTest t = self_test(c, meter.info());
  EXPECT_TRUE(t.ok()) << t.problems.front();
}

TEST(Capture, AMeterThatThrowsIsReported) {
  FunctionMeter meter(simple_meter(0.01), [](TimeNs) -> std::optional<double> { throw MeterUnavailable("gone"); });
  EXPECT_THROW(capture(meter, *steady_clock(), 5s), MeterUnavailable);
}

}  // namespace
}  // namespace tbft::power
