#include "power/sampler.h"

#include <gtest/gtest.h>

#include <thread>

#include "power/trace_file.h"
#include "tests/unit/power/allocation_counter.h"
#include "tests/unit/power/fake_meter.h"
#include "tests/unit/power/temp_dir.h"
#include "tests/unit/power/virtual_clock.h"

namespace tbft::power {
namespace {

using testing::FunctionMeter;
using testing::ManualClock;
using testing::simple_meter;
using testing::TempDir;

constexpr TimeNs ms = 1'000'000;

TEST(Sampler, deadlines_are_absolute_and_do_not_drift) {
  ManualClock clock(0);
  std::vector<TimeNs> polls;
  FunctionMeter meter(simple_meter(0.01), [&](TimeNs t) {
    polls.push_back(t);
    clock.advance(3 * ms);  // a poll takes time
    return 1.0;
  });
  SamplingLoop loop(meter, clock, 0.01, [](const Reading&) {});
  for (int i = 0; i < 100; ++i) loop.step({});
  for (std::size_t i = 0; i < polls.size(); ++i) ASSERT_EQ(polls[i], static_cast<TimeNs>(i) * 10 * ms);
  EXPECT_EQ(loop.stats().missed, 0U);
  EXPECT_NEAR(loop.stats().requested_hz, 100, 1e-9);
  EXPECT_NEAR(loop.stats().delivered_hz, 100, 2);
}

TEST(Sampler, missed_deadlines_are_counted_and_not_made_up_for) {
  ManualClock clock(0);
  std::vector<TimeNs> polls;
  FunctionMeter meter(simple_meter(0.01), [&](TimeNs t) {
    polls.push_back(t);
    if (polls.size() == 3) clock.advance(35 * ms);
    return 1.0;
  });
  SamplingLoop loop(meter, clock, 0.01, [](const Reading&) {});
  for (int i = 0; i < 6; ++i) loop.step({});
  // The third poll ends at 55 ms: 30 ms is served late, 40 and 50 ms never.
  EXPECT_EQ(polls, (std::vector<TimeNs>{0, 10 * ms, 20 * ms, 55 * ms, 60 * ms, 70 * ms}));
  EXPECT_EQ(loop.stats().missed, 2U);
}

// Polled when its own converter is done, every 20 ms.
class PacedMeter final : public Meter {
 public:
  explicit PacedMeter(ManualClock& clock) : clock_(clock), info_(simple_meter(0.02)) { info_.paces_itself = true; }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs) override {}
  void stop() override {}
  TimeNs next_poll(TimeNs) const override { return due_; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now < due_) return std::nullopt;
    if (++polls_ == 5) clock_.advance(75 * ms);
    due_ = now + 20 * ms;
    return Reading{.t_ns = now, .power_W = 1};
  }

 private:
  ManualClock& clock_;
  MeterInfo info_;
  TimeNs due_ = 0;
  int polls_ = 0;
};

TEST(Sampler, a_meter_that_paces_itself_misses_deadlines_of_its_own) {
  ManualClock clock(0);
  PacedMeter meter(clock);
  SamplingLoop loop(meter, clock, 1, [](const Reading&) {});
  for (int i = 0; i < 101; ++i) loop.step({});
  EXPECT_EQ(loop.stats().missed, 2U) << "at 100 and 120 ms; the poll of 135 ms is late, not missed";
  EXPECT_NEAR(loop.stats().distinct_hz, 50, 2);
}

TEST(Sampler, failed_and_repeated_readings_are_not_distinct) {
  ManualClock clock(0);
  int n = 0;
  FunctionMeter meter(simple_meter(0.01), [&](TimeNs) -> std::optional<double> {
    if (++n % 2 == 0) return std::nullopt;
    return 1.0;
  });
  SamplingLoop loop(meter, clock, 0.01, [](const Reading&) {});
  for (int i = 0; i < 1001; ++i) loop.step({});
  EXPECT_NEAR(loop.stats().delivered_hz, 100, 0.2);
  EXPECT_NEAR(loop.stats().distinct_hz, 50, 0.2);
}

TEST(Sampler, a_sample_allocates_nothing_on_its_way_to_the_trace) {
  const TempDir dir;
  ManualClock clock(0);
  FunctionMeter meter(simple_meter(0.001), [](TimeNs t) { return static_cast<double>(t % 7919) / 1000; });
  TraceWriter trace(dir / "trace.csv", meter.info(), {});
  SamplingLoop loop(meter, clock, 0.001, [&](const Reading& r) { trace.write(r); });
  loop.step({});
  const std::size_t before = testing::allocations();
  for (int i = 0; i < 10'000; ++i) loop.step({});
  EXPECT_EQ(testing::allocations(), before);
}

TEST(Sampler, the_thread_stops_at_once_and_reports_what_ended_it) {
  auto clock = steady_clock();
  FunctionMeter slow(simple_meter(3600), [](TimeNs) { return 1.0; });
  {
    const Sampler sampler(slow, *clock, 3600, [](const Reading&) {});
  }
  FunctionMeter broken(simple_meter(0.001), [](TimeNs) -> std::optional<double> { throw MeterUnavailable("gone"); });
  const Sampler sampler(broken, *clock, 0.001, [](const Reading&) {});
  while (!sampler.error()) std::this_thread::yield();
  EXPECT_THROW(std::rethrow_exception(sampler.error()), MeterUnavailable);
}

TEST(Sampler, an_impossible_interval_is_refused) {
  ManualClock clock(0);
  FunctionMeter meter(simple_meter(0.01), [](TimeNs) { return 1.0; });
  for (const double bad : {0.0, -1.0, 1e-9, 1e9, unknown}) {
    EXPECT_THROW(SamplingLoop(meter, clock, bad, [](const Reading&) {}), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace tbft::power
