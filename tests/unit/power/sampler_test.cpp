#include "power/engine/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>

#include <future>
#include <thread>
#include <utility>

#include "power/engine/trace_queue.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using testing::FunctionMeter;
using testing::ManualClock;
using testing::simple_meter;

constexpr TimeNs ms = 1'000'000;

TEST(Sampler, DeadlinesAreAbsoluteAndDoNotDrift) {
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

TEST(Sampler, MissedDeadlinesAreCountedAndNotMadeUpFor) {
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

TEST(Sampler, AMeterThatPacesItselfMissesDeadlinesOfItsOwn) {
  ManualClock clock(0);
  PacedMeter meter(clock);
  SamplingLoop loop(meter, clock, 1, [](const Reading&) {});
  for (int i = 0; i < 101; ++i) loop.step({});
  EXPECT_EQ(loop.stats().missed, 2U) << "at 100 and 120 ms; the poll of 135 ms is late, not missed";
  EXPECT_NEAR(loop.stats().distinct_hz, 50, 2);
}

// A converter with a period of 1 ms by its data sheet and of `period` in truth, of whose conversions every `kept`-th gives a
// reading.
class Converter final : public Meter {
 public:
  Converter(TimeNs period, int kept, double arrival_delay_s = 0) : period_(period), kept_(kept), info_(simple_meter(0.001)) {
    info_.paces_itself = true;
    info_.arrival_delay_s = arrival_delay_s;
  }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs now) override { next_ = now; }
  void stop() override {}
  TimeNs next_poll(TimeNs) const override { return next_; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now < next_) return std::nullopt;
    next_ = now + kept_ * period_;
    return Reading{.t_ns = now, .power_W = 1};
  }

 private:
  TimeNs period_;
  int kept_;
  MeterInfo info_;
  TimeNs next_ = 0;
};

std::string shortfall_of(Converter meter, int readings) {
  ManualClock clock(0);
  meter.start(0);
  SamplingLoop loop(meter, clock, 0.001, [](const Reading&) {});
  for (int i = 0; i < readings; ++i) loop.step({});
  return shortfall(loop.stats(), meter.info());
}

TEST(Sampler, ConversionsThatGaveNoReadingAreCountedAndTold) {
  EXPECT_THAT(shortfall_of({ms, 9}, 1000),
              ::testing::AllOf(::testing::HasSubstr("11 % of the conversions gave a reading (1000 of 8992)"),
                               ::testing::HasSubstr("-i 10ms"), ::testing::HasSubstr("--realtime on")));
  EXPECT_EQ(shortfall_of({ms, 1}, 1000), "");
  EXPECT_EQ(shortfall_of({ms * 11 / 10, 1}, 1000), "") << "a slow oscillator loses nothing";
  EXPECT_EQ(shortfall_of({ms, 9}, 4), "") << "too few to tell";
  EXPECT_EQ(shortfall_of({ms, 9, 5}, 1000), "") << "it averages longer at another machine, and no wake-up here was late";
}

// A converter that begins to average over 10 periods after 1,000 readings.
class SlowerConverter final : public Meter {
 public:
  SlowerConverter() : info_(simple_meter(0.001)) { info_.paces_itself = true; }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs) override {}
  void stop() override {}
  TimeNs next_poll(TimeNs) const override { return next_; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now < next_) return std::nullopt;
    const bool changes = ++readings_ == 1000;
    if (changes) info_.nominal_period_s = 0.01;
    next_ = now + from_seconds(info_.nominal_period_s);
    return Reading{.t_ns = now, .power_W = 1, .flags = static_cast<std::uint8_t>(changes ? unsigned{reinitialised} : 0U)};
  }

 private:
  MeterInfo info_;
  TimeNs next_ = 0;
  int readings_ = 0;
};

TEST(Sampler, AConverterThatAveragesLongerFromNowOnLosesNothing) {
  ManualClock clock(0);
  SlowerConverter meter;
  SamplingLoop loop(meter, clock, 0.001, [](const Reading&) {});
  for (int i = 0; i < 3000; ++i) loop.step({});
  EXPECT_GT(loop.stats().distinct, 2900U);
  EXPECT_EQ(loop.stats().skipped, 0U);
}

TEST(Sampler, AMeterThatIsAskedMakesNoConversionsToLose) {
  EXPECT_EQ(shortfall({.distinct = 100, .skipped = 900}, simple_meter(0.001)), "");
}

TEST(Sampler, WhoIsRealtimeIsNotToldToBecomeIt) {
  MeterInfo info = simple_meter(0.001);
  info.paces_itself = true;
  const auto text = shortfall({.distinct = 100, .skipped = 900, .scheduling = {.policy = SCHED_FIFO}}, info);
  EXPECT_THAT(text, ::testing::AllOf(::testing::HasSubstr("10 %"), ::testing::Not(::testing::HasSubstr("--realtime"))));
}

TEST(Sampler, FailedAndRepeatedReadingsAreNotDistinct) {
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

TEST(Sampler, ASampleAllocatesNothingOnItsWayToTheTrace) {
  const TemporaryFolder dir;
  ManualClock clock(0);
  FunctionMeter meter(simple_meter(0.001), [](TimeNs t) { return static_cast<double>(t % 7919) / 1000; });
  TraceQueue trace(dir / "trace.csv", meter.info(), {}, TraceKeep::full);
  SamplingLoop loop(meter, clock, 0.001, [&](const Reading& r) { trace.write(r); });
  loop.step({});
  const std::size_t before = testing::allocations();
  for (int i = 0; i < 10'000; ++i) loop.step({});
  EXPECT_EQ(testing::allocations(), before);
}

TEST(Sampler, TheThreadStopsAtOnceAndReportsWhatEndedIt) {
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

// What the thread that polls has.
Scheduling scheduling_while_polled(Realtime realtime) {
  auto clock = steady_clock();
  std::promise<std::pair<Scheduling, long>> polled;
  auto seen = polled.get_future();
  FunctionMeter meter(simple_meter(0.001), [&, first = true](TimeNs) mutable {
    sched_param param{};
    sched_getparam(0, &param);
    if (std::exchange(first, false)) {
      polled.set_value({{.policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, .priority = param.sched_priority},
                        prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)});
    }
    return 1.0;
  });
  const Sampler sampler(
      meter, *clock, 0.001, [](const Reading&) {}, realtime);
  auto [scheduling, slack_ns] = seen.get();
  scheduling.timer_slack_ns = slack_ns;
  const Scheduling told = sampler.stats().scheduling;
  EXPECT_EQ(told.policy, scheduling.policy);
  EXPECT_EQ(told.priority, scheduling.priority);
  EXPECT_EQ(told.timer_slack_ns, scheduling.timer_slack_ns);
  return scheduling;
}

bool may_be_realtime() {
  bool may = false;
  std::thread([&] {
    const sched_param param{.sched_priority = sampling_priority};
    may = sched_setscheduler(0, SCHED_FIFO, &param) == 0;
  }).join();
  return may;
}

TEST(Scheduling, TheSamplingThreadAloneGetsTimerSlackAndPriority) {
  const long slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  const Scheduling off = scheduling_while_polled(Realtime::off);
  EXPECT_EQ(off.policy, SCHED_OTHER);
  EXPECT_EQ(off.timer_slack_ns, 1);
  const Scheduling automatic = scheduling_while_polled(Realtime::automatic);
  EXPECT_EQ(automatic.policy, may_be_realtime() ? SCHED_FIFO : SCHED_OTHER);
  EXPECT_EQ(automatic.priority, may_be_realtime() ? sampling_priority : 0);
  EXPECT_LE(automatic.timer_slack_ns, 1);
  // This thread has what it had.
  EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), slack_ns);
}

TEST(Scheduling, OnIsKeptOrSaysHowToPermitIt) {
  try {
    EXPECT_TRUE(scheduling_while_polled(Realtime::on).realtime());
    EXPECT_TRUE(try_scheduling(Realtime::on).realtime());
  } catch (const RealtimeForbidden& error) {
    EXPECT_FALSE(may_be_realtime());
    EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr("limits.d"), ::testing::HasSubstr("LimitRTPRIO=20")));
  }
  EXPECT_EQ(to_string(Scheduling{.policy = SCHED_FIFO, .priority = 20, .timer_slack_ns = 1}),
            "SCHED_FIFO, priority 20, timer slack 1 ns");
  EXPECT_EQ(to_string(Scheduling{.policy = SCHED_OTHER, .timer_slack_ns = 1}), "SCHED_OTHER, timer slack 1 ns");
  EXPECT_THROW(parse_realtime("yes"), std::invalid_argument);
}

TEST(Sampler, AnImpossibleIntervalIsRefused) {
  ManualClock clock(0);
  FunctionMeter meter(simple_meter(0.01), [](TimeNs) { return 1.0; });
  for (const double bad : {0.0, -1.0, 1e-9, 1e9, unknown}) {
    EXPECT_THROW(SamplingLoop(meter, clock, bad, [](const Reading&) {}), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace tbft::power
