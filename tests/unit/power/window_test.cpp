#include "tbft/power/window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tbft/power/monitor.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using testing::FunctionMeter;
using ::testing::HasSubstr;
using testing::SharedClock;
using testing::simple_meter;

constexpr TimeNs ms = 1'000'000;

struct Rig {
  std::shared_ptr<SharedClock> clock = std::make_shared<SharedClock>(2);  // the test and the sampler
  void wait(TimeNs duration) { clock->sleep_until(clock->now() + duration); }
  std::unique_ptr<FunctionMeter> meter(FunctionMeter::Watts watts) {
    return std::make_unique<FunctionMeter>(simple_meter(0.01), std::move(watts));
  }
};

// 1 W, rising by 1 W a second.
double ramp(TimeNs t) {
  return 1 + to_seconds(t);
}

TEST(OpenWindow, EndGivesTheEnergyOfThisWindowAndTheMonitorThatOfAllOfItsName) {
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }), {.clock = rig.clock});
  auto first = monitor.window("w");
  rig.wait(300 * ms);
  EXPECT_NEAR(first.end().energy_J, 0.6, 1e-9);
  auto second = monitor.window("w");
  rig.wait(500 * ms);
  second.close();
  rig.wait(1'000 * ms);
  EXPECT_NEAR(second.end().energy_J, 1.0, 1e-9) << "it was closed half a second after it opened";
  EXPECT_NEAR(first.end().energy_J, 0.6, 1e-9);
  EXPECT_NEAR(monitor.energy("w").energy_J, 1.6, 1e-9);
}

TEST(OpenWindow, IsClosedAtTheEndOfItsScope) {
  Rig rig;
  std::vector<Mark> marks;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }),
                  {.clock = rig.clock, .on_mark = [&](const Mark& mark) { marks.push_back(mark); }});
  {
    const auto outer = monitor.window("outer");
    std::vector<OpenWindow> kept;  // a guard that was moved away closes nothing
    kept.push_back(monitor.window("inner"));
    rig.wait(100 * ms);
    EXPECT_EQ(marks.size(), 2U);
  }
  ASSERT_EQ(marks.size(), 4U);
  EXPECT_EQ(marks[2].name, "inner");
  EXPECT_FALSE(marks[2].opens);
  EXPECT_NEAR(monitor.energy("outer").energy_J, 0.2, 1e-9);
}

TEST(OpenWindow, OneThatAnExceptionLeavesHasNoEnergy) {
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }), {.clock = rig.clock});
  try {
    const auto window = monitor.window("w");
    rig.wait(100 * ms);
    throw std::runtime_error("the work failed");
  } catch (const std::runtime_error&) {
    EXPECT_THROW(monitor.energy("w"), std::logic_error);
  }
  auto again = monitor.window("w");
  rig.wait(100 * ms);
  EXPECT_NEAR(again.end().energy_J, 0.2, 1e-9);
}

TEST(OpenWindow, OneThatIsCancelledIsLeftOutOfTheTraceToo) {
  const test::TemporaryFolder dir;
  Rig rig;
  std::vector<std::pair<std::string, bool>> marks;
  {
    Monitor monitor(rig.meter([](TimeNs) { return 2.0; }),
                    {.trace = dir / "trace.csv", .clock = rig.clock, .on_mark = [&](const Mark& mark) {
                       marks.emplace_back(mark.name, mark.opens);
                     }});
    auto kept = monitor.window("kept");
    auto cancelled = monitor.window("cancelled");
    rig.wait(100 * ms);
    cancelled.cancel();
    EXPECT_NEAR(kept.end().energy_J, 0.2, 1e-9);
    EXPECT_THROW(cancelled.end(), std::logic_error);
    EXPECT_THROW(monitor.energy("cancelled"), std::logic_error);
    EXPECT_THROW(monitor.window("cancelled"), std::logic_error) << "the trace would hold two opening marks";
  }
  const auto windows = integrate(read_trace(dir / "trace.csv"));
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].name, "kept");
  EXPECT_EQ(marks[2], std::pair(std::string("cancelled"), false)) << "a line that shows it is lowered";
}

TEST(OpenWindow, WhatIsNotOpenCannotBeClosedAndWhatWasForgottenHasNoEnergy) {
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }), {.clock = rig.clock});
  auto window = monitor.window("w");
  EXPECT_THROW(monitor.window("w"), std::logic_error);
  EXPECT_THROW(monitor.window("a,b"), std::invalid_argument);
  EXPECT_THROW(monitor.energy("w"), std::logic_error) << "it is open";
  rig.wait(100 * ms);
  window.close();
  EXPECT_THROW(window.close(), std::logic_error);
  EXPECT_THROW(window.cancel(), std::logic_error);
  monitor.forget("w");
  EXPECT_THROW(window.end(), std::logic_error);
  EXPECT_THROW(monitor.energy("w"), std::logic_error);
}

TEST(OpenWindow, AnInstantReplayWhoseWindowsWereAllCancelledPlaysForTheNext) {
  MeterInfo info = simple_meter(1);
  class Instant final : public Meter {
   public:
    explicit Instant(MeterInfo info) : info_(std::move(info)) {}
    const MeterInfo& info() const override { return info_; }
    void start(TimeNs /*first_window*/) override {}
    std::optional<Reading> poll(TimeNs /*now*/) override { return std::nullopt; }
    void stop() override {}
    const Recording* recording() const override { return &recording_; }

   private:
    MeterInfo info_;
    Recording recording_{.readings = {{.t_ns = 0, .power_W = 3}, {.t_ns = 1'000 * ms, .power_W = 3}}, .instant = true};
  };
  Monitor monitor(std::make_unique<Instant>(info), {.clock = std::make_shared<SharedClock>(1)});
  auto cancelled = monitor.window("cancelled");
  cancelled.cancel();
  auto window = monitor.window("w");
  EXPECT_NEAR(window.end().energy_J, 3, 1e-9);
  const auto instant = monitor.snapshot();
  EXPECT_THAT(monitor.between(instant, instant).reason, HasSubstr("name a window"));
}

TEST(Snapshot, BetweenTwoLiesWhatAWindowWouldHaveMeasured) {
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs t) -> std::optional<double> {
    if (t / (10 * ms) % 97 == 5) return std::nullopt;  // a failed read now and then
    return ramp(t);
  }),
                  {.clock = rig.clock});
  rig.wait(123 * ms);
  auto window = monitor.window("w");
  const auto from = monitor.snapshot();
  rig.wait(70'000 * ms);  // 7,000 readings: more than are handed over at once
  const auto to = monitor.snapshot();
  window.close();
  const Energy e = window.end();
  const Energy between = monitor.between(from, to);
  ASSERT_TRUE(between.valid) << between.reason;
  EXPECT_EQ(between.energy_J, e.energy_J);
  EXPECT_EQ(between.U_random_J, e.U_random_J);
  EXPECT_EQ(between.samples, e.samples);
  EXPECT_EQ(between.coverage_pct, e.coverage_pct);
  EXPECT_EQ(monitor.between(to, from).reason, "the window has no duration");
}

TEST(Snapshot, AnyPairOfThoseThatLiveHasAnEnergy) {
  Rig rig;
  Monitor monitor(rig.meter(ramp), {.clock = rig.clock});
  std::vector<Snapshot> instants;
  for (int i = 0; i < 6; ++i) {
    instants.push_back(monitor.snapshot());
    rig.wait(7'003 * ms);
  }
  instants.erase(instants.begin());  // its readings are no longer kept
  rig.wait(60'000 * ms);
  for (std::size_t a = 0; a < instants.size(); ++a) {
    for (std::size_t b = a + 1; b < instants.size(); ++b) {
      const double s = to_seconds(instants[b].t_ns() - instants[a].t_ns());
      const double middle_s = to_seconds(instants[a].t_ns()) + s / 2;
      EXPECT_NEAR(monitor.between(instants[a], instants[b]).energy_J, s * (1 + middle_s), 1e-6) << a << ' ' << b;
    }
  }
}

TEST(Snapshot, OtherThreadsMeasureWhileWindowsComeAndGo) {
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }), {.clock = rig.clock});
  rig.clock->join();
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) {
      const auto from = monitor.snapshot();
      rig.wait(33 * ms);
      const Energy e = monitor.between(from, monitor.snapshot());
      EXPECT_TRUE(e.valid) << e.reason;
      EXPECT_NEAR(e.energy_J, 2 * e.duration_s, 1e-9);
    }
    rig.clock->leave();
  });
  for (int i = 0; i < 200; ++i) {
    auto window = monitor.window("w");
    rig.wait(31 * ms);
    EXPECT_TRUE(window.end().valid);
    monitor.forget("w");
  }
  rig.clock->leave();
  other.join();
}

// On the real clock, where nothing but the monitor's own lock orders the threads: for the thread sanitizer.
TEST(Snapshot, ThreadsShareNothingThatIsNotGuarded) {
  Monitor monitor(std::make_unique<FunctionMeter>(simple_meter(0.001), [](TimeNs) { return 2.0; }));
  const auto measure = [&](bool snapshots) {
    for (int i = 0; i < 30; ++i) {
      const auto from = monitor.snapshot();
      std::optional<OpenWindow> window;
      if (!snapshots) window.emplace(monitor.window("w"));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const Energy e = snapshots ? monitor.between(from, monitor.snapshot()) : window->end();
      EXPECT_TRUE(!e.valid || std::abs(e.energy_J - 2 * e.duration_s) < 1e-9) << "a busy machine may leave gaps";
      EXPECT_EQ(monitor.failure(), "");
      EXPECT_TRUE(monitor.live().joules_J >= 0);
    }
  };
  std::vector<std::jthread> others;
  for (int i = 0; i < 3; ++i) others.emplace_back(measure, true);
  measure(false);
}

TEST(Snapshot, ReadingsAreKeptOnlyWhileOneLives) {
  if (!testing::counts_allocations) GTEST_SKIP() << "this build cannot count allocations";
  Rig rig;
  Monitor monitor(rig.meter([](TimeNs) { return 2.0; }), {.clock = rig.clock});
  const auto allocations_in = [&](TimeNs duration) {
    const std::size_t before = testing::allocations();
    rig.wait(duration);
    return testing::allocations() - before;
  };
  std::optional<Snapshot> instant = monitor.snapshot();
  EXPECT_GT(allocations_in(200'000 * ms), 100U) << "20,000 readings of 48 bytes";
  instant.reset();
  rig.wait(1'000'000 * ms);  // until it is noticed
  EXPECT_LT(allocations_in(200'000 * ms), 10U);
}

TEST(Snapshot, OfAMeterThatDiedSaysSo) {
  Rig rig;
  const TimeNs unplugged = rig.clock->now() + 100 * ms;
  Monitor monitor(rig.meter([&](TimeNs t) -> std::optional<double> {
    if (t > unplugged) throw MeterUnavailable("the meter was unplugged");
    return 4.0;
  }),
                  {.clock = rig.clock});
  const auto from = monitor.snapshot();
  rig.clock->sleep_until(unplugged + 10 * ms);
  while (monitor.failure().empty()) std::this_thread::yield();
  rig.clock->leave();
  const auto to = monitor.snapshot();
  EXPECT_EQ(monitor.between(from, to).reason, "the meter failed: the meter was unplugged");
}

}  // namespace
}  // namespace tbft::power
