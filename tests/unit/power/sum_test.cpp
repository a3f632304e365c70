// sum:// with made-up parts: by hand on a virtual clock, and in a Monitor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <thread>
#include <utility>

#include "power/meters/list.h"
#include "tbft/power/monitor.h"
#include "tbft/power/running_energy.h"
#include "tbft/power/trace.h"
#include "tests/support/fake_meter.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ManualClock;
using testing::SharedClock;

constexpr TimeNs ms = 1'000'000;

// A part that has a new reading `phase` after each multiple of its period, and paces itself.
class FakePart final : public Meter {
 public:
  using Values = std::function<Reading(TimeNs)>;  // without the instant
  FakePart(double period_s, double phase_s, Values values)
      : period_(from_seconds(period_s)), phase_(from_seconds(phase_s)), values_(std::move(values)) {
    info_ = {.uri = "fake://", .description = "made up", .scope = Scope::rail, .paces_itself = true};
    info_.nominal_period_s = period_s;
    info_.gap_limit_s = default_gap_limit_s(period_s);
  }
  MeterInfo& description() { return info_; }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override {
    next_ = (first_window / period_ + 1) * period_ + phase_;
    ++started;
  }
  void stop() override { ++stopped; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now < next_) return std::nullopt;
    const TimeNs t = std::exchange(next_, next_ + period_);
    if (fails && fails(t)) throw MeterUnavailable("it was unplugged");
    if (silent && silent(t)) return std::nullopt;
    Reading reading = values_(t);
    reading.t_ns = t;
    return reading;
  }
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return next_; }

  std::function<bool(TimeNs)> silent, fails;
  int started = 0, stopped = 0;

 private:
  TimeNs period_, phase_;
  TimeNs next_ = 0;
  Values values_;
  MeterInfo info_;
};

FakePart::Values watts_of(double power_W, double volts_V = 5) {
  return [=](TimeNs) { return Reading{.volts_V = volts_V, .amps_A = power_W / volts_V, .power_W = power_W}; };
}
FakePart::Values joules_of(std::function<double(TimeNs)> energy_J) {
  return [=](TimeNs t) { return Reading{.energy_J = energy_J(t)}; };
}

std::unique_ptr<FakePart> part(double period_s, double phase_s, FakePart::Values values) {
  return std::make_unique<FakePart>(period_s, phase_s, std::move(values));
}

// The parts' URIs only have to differ.
std::unique_ptr<Meter> sum_of(std::shared_ptr<Clock> clock, std::unique_ptr<Meter> cpu, std::unique_ptr<Meter> soc,
                              const std::string& options = "") {
  std::vector<std::unique_ptr<Meter>> parts;
  parts.push_back(std::move(cpu));
  parts.push_back(std::move(soc));
  return make_sum(parse_meter_uri("sum://?cpu=lines://a?unit=W&soc=lines://b?unit=W" + options), std::move(parts),
                  std::move(clock));
}

struct Rig {
  std::shared_ptr<SharedClock> clock = std::make_shared<SharedClock>(2);  // the test and the sampler
  void wait(TimeNs duration) { clock->sleep_until(clock->now() + duration); }
  Energy measured(Monitor& monitor, TimeNs duration) {
    auto window = monitor.window("w");
    wait(duration);
    return window.end();
  }
  Energy measured(std::unique_ptr<Meter> meter, TimeNs duration = 2'000 * ms) {
    Monitor monitor(std::move(meter), {.clock = clock});
    return measured(monitor, duration);
  }
};

// All readings of a sum for some time.
std::vector<Reading> readings_of(Meter& sum, ManualClock& clock, TimeNs duration) {
  std::vector<Reading> all;
  sum.start(clock.now());
  for (const TimeNs end = clock.now() + duration; clock.now() < end;) {
    clock.sleep_until(sum.next_poll(0));
    while (const auto reading = sum.poll(clock.now())) all.push_back(*reading);
  }
  return all;
}

TEST(Sum, TwoPartsOfOtherPhasesGiveTheirTogetherJoules) {
  Rig rig;
  const Energy e = rig.measured(sum_of(rig.clock, part(0.01, 0, watts_of(3)), part(0.01, 0.007, watts_of(2))), 2'345 * ms);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 5 * 2.345, 1e-9);
  EXPECT_NEAR(e.distinct_hz, 100, 2);
}

TEST(Sum, AChangingLoadIsWithinTheRandomUncertaintyWhateverThePhases) {
  for (const double phase_s : {0.0, 0.003, 0.009}) {
    Rig rig;
    const auto step = [&](double low_W, double high_W) {
      return [=](TimeNs t) { return Reading{.power_W = t < 2'000 * ms ? low_W : high_W}; };
    };
    Monitor monitor(sum_of(rig.clock, part(0.01, 0, step(1, 4)), part(0.01, phase_s, step(2, 3))), {.clock = rig.clock});
    rig.wait(500 * ms);
    const double before_s = to_seconds(2'000 * ms - rig.clock->now());
    const Energy e = rig.measured(monitor, 1'000 * ms);
    ASSERT_TRUE(e.valid) << e.reason;
    EXPECT_NEAR(e.energy_J, before_s * 3 + (1 - before_s) * 7, e.U_random_J) << phase_s;
    EXPECT_LT(e.U_random_J, 0.05) << phase_s;
  }
}

TEST(Sum, AReadingHasTheMeanInstantAndAFasterPartItsMean) {
  const auto clock = std::make_shared<ManualClock>(1'000 * ms);
  const auto sum =
      sum_of(clock, part(0.01, 0, [](TimeNs t) { return Reading{.power_W = to_seconds(t)}; }), part(0.1, 0, watts_of(2)));
  const auto readings = readings_of(*sum, *clock, 1'000 * ms);
  ASSERT_GE(readings.size(), 9U);
  // The slow part reads at 1.2 s; the fast one at 1.11, 1.12, ... 1.20 s.
  EXPECT_EQ(readings[1].t_ns, (1'155 + 1'200) * ms / 2);
  EXPECT_NEAR(readings[1].power_W, 2 + 1.155, 1e-12);
  EXPECT_NEAR(sum->info().latency_s, 0.045, 0.001) << "the distance of the two instants";
  EXPECT_DOUBLE_EQ(sum->info().nominal_period_s, 0.1);
  EXPECT_DOUBLE_EQ(sum->info().gap_limit_s, 0.3);
}

TEST(Sum, PartsAreReadAtTheirOwnRates) {
  const auto clock = std::make_shared<ManualClock>();
  std::size_t fast = 0, slow = 0;
  const auto polled = [](double period_s, std::size_t& polls) {
    return std::make_unique<testing::FunctionMeter>(testing::simple_meter(period_s), [&polls](TimeNs) { return ++polls, 1.0; });
  };
  const auto sum = sum_of(clock, polled(0.01, fast), polled(0.1, slow));
  EXPECT_FALSE(sum->info().paces_itself);
  const auto readings = readings_of(*sum, *clock, 1'000 * ms);
  EXPECT_NEAR(static_cast<double>(fast), 100, 2);
  EXPECT_NEAR(static_cast<double>(slow), 10, 1);
  EXPECT_NEAR(static_cast<double>(readings.size()), 10, 1);
}

TEST(Sum, CountersAddUpExactly) {
  Rig rig;
  const auto count = [](double power_W) { return joules_of([=](TimeNs t) { return power_W * to_seconds(t); }); };
  const auto counter = [&](double period_s, double phase_s, double power_W) {
    auto made = part(period_s, phase_s, count(power_W));
    made->description().counter = true;
    made->description().accuracy.resolution_J = 3e-3;
    return made;
  };
  auto sum = sum_of(rig.clock, counter(0.01, 0, 3), counter(0.07, 0.002, 2));
  EXPECT_TRUE(sum->info().counter);
  EXPECT_NEAR(sum->info().accuracy.resolution_J, 3e-3 * std::numbers::sqrt2, 1e-12);
  const Energy e = rig.measured(std::move(sum), 2'000 * ms);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 10, 1e-9);
}

// A burst of 5 J between two readings of the slower counter.
TEST(Sum, NoJouleOfACounterIsLostBetweenReadingsOrInAGap) {
  const auto clock = std::make_shared<ManualClock>(1'000 * ms);
  auto fast = part(0.01, 0, joules_of([](TimeNs t) { return t > 1'255 * ms ? 5.0 : 0.0; }));
  auto slow = part(0.1, 0, joules_of([](TimeNs t) { return t > 1'455 * ms ? 7.0 : 0.0; }));
  fast->description().counter = slow->description().counter = true;
  slow->silent = [](TimeNs t) { return t > 1'300 * ms && t < 2'000 * ms; };
  const auto sum = sum_of(clock, std::move(fast), std::move(slow));
  const auto readings = readings_of(*sum, *clock, 2'000 * ms);
  EXPECT_EQ(readings.front().energy_J, 0);
  EXPECT_EQ(readings.back().energy_J, 12);
  for (std::size_t i = 1; i < readings.size(); ++i) EXPECT_GT(readings[i].t_ns, readings[i - 1].t_ns);
}

TEST(Sum, APartThatStallsIsNamedInTheReason) {
  Rig rig;
  auto soc = part(0.01, 0.004, watts_of(2));
  const TimeNs begun = rig.clock->now();
  soc->silent = [=](TimeNs t) { return t > begun + 1'000 * ms && t < begun + 2'000 * ms; };
  Monitor monitor(sum_of(rig.clock, part(0.01, 0, watts_of(3)), std::move(soc)), {.clock = rig.clock});
  const Energy before = rig.measured(monitor, 500 * ms);
  EXPECT_TRUE(before.valid) << before.reason;
  monitor.forget("w");
  rig.wait(300 * ms);
  const Snapshot from = monitor.snapshot();
  const Energy e = rig.measured(monitor, 1'500 * ms);
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, AllOf(HasSubstr("gaps"), HasSubstr("part soc of the sum: no reading for")));
  EXPECT_THAT(monitor.between(from, monitor.snapshot()).reason, HasSubstr("part soc of the sum: no reading for"));
  monitor.forget("w");
  rig.wait(200 * ms);
  const Energy after = rig.measured(monitor, 500 * ms);
  EXPECT_TRUE(after.valid) << after.reason;
  EXPECT_NEAR(after.energy_J, 2.5, 1e-9);
  rig.clock->sleep_until((rig.clock->now() / (10 * ms) + 1) * 10 * ms + 5 * ms);  // between the readings at 2 or 7 ms
  monitor.forget("w");
  EXPECT_EQ(rig.measured(monitor, 1 * ms).reason, "no reading inside") << "the stall was before";
  EXPECT_LT(monitor.meter().latency_s, 0.011) << "readings of a gap say nothing about the distance of the parts";
  EXPECT_EQ(monitor.failure(), "");
}

TEST(Sum, AWindowWithinAStallNamesThePartToo) {
  Rig rig;
  auto soc = part(0.01, 0.004, watts_of(2));
  soc->silent = [begun = rig.clock->now()](TimeNs t) { return t > begun + 500 * ms; };  // for good
  Monitor monitor(sum_of(rig.clock, part(0.01, 0, watts_of(3)), std::move(soc)), {.clock = rig.clock});
  rig.wait(1'000 * ms);
  const Energy e = rig.measured(monitor, 500 * ms);
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("part soc of the sum: no reading for"));
  EXPECT_EQ(monitor.failure(), "") << "it may come back";
}

TEST(Sum, AFailedReadOfAPartIsAGapOfTheSum) {
  Rig rig;
  const TimeNs begun = rig.clock->now();
  const auto cpu = [=](TimeNs t) {
    return t > begun + 500 * ms && t < begun + 900 * ms ? Reading{.flags = gap_begins} : Reading{.power_W = 3};
  };
  const Energy e = rig.measured(sum_of(rig.clock, part(0.01, 0, cpu), part(0.01, 0.004, watts_of(2))));
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("part cpu of the sum: a read failed"));
}

TEST(Sum, APartThatEndsEndsTheSumAndIsNamed) {
  Rig rig;
  const TimeNs unplugged = rig.clock->now() + 500 * ms;
  auto cpu = part(0.01, 0, watts_of(3));
  cpu->fails = [=](TimeNs t) { return t >= unplugged; };
  Monitor monitor(sum_of(rig.clock, std::move(cpu), part(0.01, 0, watts_of(2))), {.clock = rig.clock});
  auto window = monitor.window("w");
  rig.clock->sleep_until(unplugged);                            // the instant of the poll that fails
  while (monitor.failure().empty()) std::this_thread::yield();  // the sampler's thread ends, and leaves the clock
  rig.clock->leave();
  const Energy e = window.end();
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("part cpu of the sum: it was unplugged"));
}

// A sampler that stops polling on an error must not leave the other parts running.
TEST(Sum, APartThatCannotStartStopsThoseThatHave) {
  class Absent final : public Meter {
   public:
    Absent() { info_.scope = Scope::rail; }
    const MeterInfo& info() const override { return info_; }
    void start(TimeNs /*first_window*/) override { throw MeterUnavailable("no answer"); }
    std::optional<Reading> poll(TimeNs /*now*/) override { return std::nullopt; }
    void stop() override {}

   private:
    MeterInfo info_ = testing::simple_meter(0.01);
  };
  auto cpu = part(0.01, 0, watts_of(3));
  const FakePart& started = *cpu;
  const auto sum = sum_of(std::make_shared<ManualClock>(), std::move(cpu), std::make_unique<Absent>());
  EXPECT_THAT(message_of<MeterUnavailable>([&] { sum->start(0); }), HasSubstr("part soc: no answer"));
  EXPECT_EQ(started.stopped, 1);
}

std::unique_ptr<FakePart> accurate(double power_W, Accuracy accuracy, double volts_V = 5) {
  auto made = part(0.01, 0, watts_of(power_W, volts_V));
  made->description().accuracy = accuracy;
  return made;
}

TEST(Sum, EqualGainsAreOneErrorAndDoNotAverageOut) {
  Rig rig;
  const Accuracy one_percent{.gain_limit_rel = 0.01, .offset_limit_A = 0};
  const Energy e = rig.measured(sum_of(rig.clock, accurate(3, one_percent), accurate(2, one_percent)));
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.U_J, 2 * 0.01 / std::numbers::sqrt3 * e.energy_J, 1e-6 * e.energy_J);
  const Energy mixed =
      rig.measured(sum_of(rig.clock, accurate(3, one_percent), accurate(2, {.gain_limit_rel = 0.02, .offset_limit_A = 0})));
  EXPECT_NEAR(mixed.u_rel_gain, 0.02 / std::numbers::sqrt3, 1e-12) << "the larger one bounds both";
}

TEST(Sum, OffsetsAddUpLinearlyWithTheLargestVoltsAndAmperes) {
  Rig rig;
  const Accuracy cpu{.gain_limit_rel = 0.01, .offset_limit_A = 0.01, .offset_limit_V = 0.016};
  const Accuracy soc{.gain_limit_rel = 0.01, .offset_limit_W = 0.03};
  auto sum = sum_of(rig.clock, accurate(10, cpu), accurate(2, soc));
  EXPECT_FALSE(sum->info().accuracy.offset_limit_W) << "no voltage was seen yet";
  Monitor monitor(std::move(sum), {.clock = rig.clock});
  const Energy e = rig.measured(monitor, 1'000 * ms);
  ASSERT_TRUE(e.valid) << e.reason;
  const double bound_W = 0.01 * 5 + 0.016 * 2 + 0.03;
  const Accuracy learned = monitor.meter().accuracy;
  ASSERT_TRUE(learned.offset_limit_W);
  EXPECT_GE(*learned.offset_limit_W, bound_W);
  EXPECT_LE(*learned.offset_limit_W, 1.02 * bound_W);
  EXPECT_NEAR(e.u_offset_W, *learned.offset_limit_W / std::numbers::sqrt3, 1e-12);
  // A constant offset cancels in the net energy, but that of the voltage grows with the current: 0.016 V / 5 V of 10 of 12 W.
  EXPECT_NEAR(*learned.gain_limit_rel, std::hypot(0.01, 0.016 / 5 * 10 / 12), 1e-6);
}

TEST(Sum, TheBoundRisesWithTheLoad) {
  Rig rig;
  const auto rising = [](TimeNs t) {
    const double amps_A = t < 2'000 * ms ? 0.1 : 2;
    return Reading{.volts_V = 5, .amps_A = amps_A, .power_W = 5 * amps_A};
  };
  auto cpu = part(0.01, 0, rising);
  cpu->description().accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 0, .offset_limit_V = 0.01, .resolution_V = 0.1};
  Monitor monitor(sum_of(rig.clock, std::move(cpu), accurate(2, {.gain_limit_rel = 0.01, .offset_limit_A = 0})),
                  {.clock = rig.clock});
  EXPECT_NEAR(*monitor.meter().accuracy.offset_limit_W, 0.01 * 0.1, 1e-4);
  const Energy e = rig.measured(monitor, 2'000 * ms);
  EXPECT_NEAR(*monitor.meter().accuracy.offset_limit_W, 0.01 * 2, 1e-3);
  EXPECT_NEAR(monitor.meter().accuracy.resolution_W, 0.1 * 2, 0.01);
  EXPECT_NEAR(e.u_offset_W, 0.02 / std::numbers::sqrt3, 1e-3) << "of a window that was open before";
}

TEST(Sum, ATraceHasTheLimitsThatTheReadingsTaught) {
  Rig rig;
  const TemporaryFolder dir;
  const auto path = dir / "trace.csv";
  Energy e;
  {
    auto cpu = accurate(10, {.gain_limit_rel = 0.01, .offset_limit_A = 0.01, .offset_limit_V = 0.016, .resolution_A = 0.01});
    auto soc = part(0.01, 0.003, [](TimeNs t) { return Reading{.power_W = 2 + std::sin(6 * to_seconds(t))}; });
    soc->description().accuracy = {.gain_limit_rel = 0.01, .offset_limit_W = 0.03};
    Monitor monitor(sum_of(rig.clock, std::move(cpu), std::move(soc)), {.trace = path, .clock = rig.clock});
    e = rig.measured(monitor, 1'000 * ms);
  }
  ASSERT_TRUE(std::isfinite(e.U_J));
  const TraceFile trace = read_trace(path);
  const auto again = integrate(trace);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_DOUBLE_EQ(again[0].energy.energy_J, e.energy_J);
  EXPECT_DOUBLE_EQ(again[0].energy.U_J, e.U_J);
  EXPECT_DOUBLE_EQ(again[0].energy.U_random_J, e.U_random_J);
  EXPECT_NEAR(trace.segments.front().meter.latency_s, 0.003, 1e-4);
}

TEST(Sum, WhatIsUnknownOfOnePartIsUnknownOfTheSum) {
  Rig rig;
  const Accuracy known{.gain_limit_rel = 0.01, .offset_limit_A = 0.001};
  for (const Accuracy& other : {Accuracy{.gain_limit_rel = 0.01}, Accuracy{.offset_limit_A = 0.001}}) {
    const Energy e = rig.measured(sum_of(rig.clock, accurate(3, known), accurate(2, other)));
    ASSERT_TRUE(e.valid) << e.reason;
    EXPECT_TRUE(std::isnan(e.U_J));
    EXPECT_TRUE(std::isfinite(e.U_random_J));
  }
}

// 5 W and -4 W with 1 % each: the error is up to 0.09 W, not 0.01 W.
TEST(Sum, PowerThatFlowsBackMakesNoErrorSmaller) {
  Rig rig;
  const Accuracy one_percent{.gain_limit_rel = 0.01, .offset_limit_A = 0};
  Monitor monitor(sum_of(rig.clock, accurate(5, one_percent), accurate(-4, one_percent)), {.clock = rig.clock});
  const Energy e = rig.measured(monitor, 1'000 * ms);
  ASSERT_TRUE(e.valid) << e.reason;
  const Accuracy a = monitor.meter().accuracy;
  EXPECT_GE(*a.gain_limit_rel * 1 + *a.offset_limit_W, 0.09);
  EXPECT_LE(*a.gain_limit_rel * 1 + *a.offset_limit_W, 0.092);
}

// A window that was open when the load rose.
TEST(Sum, RoundingFollowsTheStepThatTheMeterHasNow) {
  MeterInfo info = testing::simple_meter(0.01);
  info.accuracy.resolution_W = 0.01;
  RunningEnergy running(0, info);
  for (int i = 0; i <= 100; ++i) running.add(testing::watts(i * 0.01, 3));
  running.close(1'000 * ms);
  const double U_J = running.finish().U_random_J;
  info.accuracy.resolution_W = 0.05;
  EXPECT_GT(U_J, 0);
  EXPECT_NEAR(running.finish().U_random_J, 5 * U_J, 1e-9);
}

// A part that prints whole watts is wrong by the same half watt all the time, however much the other one varies.
TEST(Sum, ACoarsePartsRoundingDoesNotAverageOutBesideAFineOne) {
  Rig rig;
  auto fine = part(0.01, 0, [](TimeNs t) { return Reading{.power_W = 4 + 3 * std::sin(6 * to_seconds(t))}; });
  fine->description().accuracy.resolution_W = 1e-3;
  const Energy e = rig.measured(sum_of(rig.clock, accurate(3, {.resolution_W = 1}), std::move(fine)), 2'000 * ms);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_GE(e.U_random_J, 2 * 2 / std::sqrt(12));
  EXPECT_LE(e.U_random_J, 2 * 2 / std::sqrt(12) * 1.05);
}

TEST(Sum, RoundingErrorsAreIndependent) {
  Rig rig;
  Monitor monitor(sum_of(rig.clock, accurate(3, {.resolution_A = 0.003}), accurate(2, {.resolution_W = 0.02})),
                  {.clock = rig.clock});
  rig.wait(100 * ms);
  EXPECT_NEAR(monitor.meter().accuracy.resolution_W, std::hypot(0.003 * 5, 0.02), 5e-4);
}

TEST(Sum, ItDescribesItselfByItsParts) {
  const auto clock = std::make_shared<ManualClock>();
  auto cpu = part(0.01, 0, watts_of(3));
  cpu->description().averaging_s = 0.008;
  cpu->description().latency_s = 0.002;
  cpu->description().current_share = 0.5;
  cpu->description().assumption = "a shunt of 0.1 ohm";
  auto soc = part(0.1, 0, watts_of(2));
  soc->description().note = "averages longer";
  soc->description().measured = false;
  const auto sum = sum_of(clock, std::move(cpu), std::move(soc), "&gap_limit=2");
  const MeterInfo& info = sum->info();
  EXPECT_EQ(info.uri, "sum://?cpu=lines://a?unit=W&gap_limit=2&soc=lines://b?unit=W");
  EXPECT_EQ(info.description, "sum of cpu (made up), soc (made up)");
  EXPECT_EQ(info.scope, Scope::rail);
  EXPECT_EQ(info.assumption, "cpu: a shunt of 0.1 ohm");
  EXPECT_EQ(info.note, "soc: averages longer");
  EXPECT_FALSE(info.measured);
  EXPECT_TRUE(info.paces_itself);
  EXPECT_DOUBLE_EQ(info.gap_limit_s, 2);
  EXPECT_DOUBLE_EQ(info.averaging_s, 0.08) << "ten readings of 8 ms each";
  EXPECT_DOUBLE_EQ(info.current_share, 0) << "the other part takes momentary values";
}

TEST(Sum, TheScopeIsThatOfAllPartsOrARail) {
  const auto scope = [](Scope cpu_scope, Scope soc_scope) {
    auto cpu = part(0.01, 0, watts_of(3));
    auto soc = part(0.01, 0, watts_of(3));
    cpu->description().scope = cpu_scope;
    soc->description().scope = soc_scope;
    return sum_of(std::make_shared<ManualClock>(), std::move(cpu), std::move(soc))->info().scope;
  };
  EXPECT_EQ(scope(Scope::package, Scope::package), Scope::package);
  EXPECT_EQ(scope(Scope::board, Scope::board), Scope::board) << "two boards, or two supplies of one";
  EXPECT_EQ(scope(Scope::package, Scope::rail), Scope::rail);
}

TEST(Sum, CountersAndPowersAreNotMixed) {
  auto counter = part(0.01, 0, joules_of([](TimeNs) { return 1.0; }));
  counter->description().counter = true;
  EXPECT_THAT(
      message_of<BadMeterUri>([&] { sum_of(std::make_shared<ManualClock>(), std::move(counter), part(0.01, 0, watts_of(2))); }),
      AllOf(HasSubstr("cpu counts joules"), HasSubstr("soc gives watts")));
}

}  // namespace
}  // namespace tbft::power
