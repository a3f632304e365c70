// Converters read by a host that wakes late, on a bus with transactions of uneven length: how many conversions arrive, whether
// voltage and current belong together, and whether the joules are within U. In virtual time; latencies as they were measured.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "power/engine/sampler.h"
#include "power/meters/list.h"
#include "tbft/power/energy.h"
#include "tests/support/fake_converter.h"
#include "tests/support/fake_ina219.h"
#include "tests/support/latency.h"

namespace tbft::power {
namespace {

using testing::FakeConverter;
using testing::FakeConverterBus;
using testing::FakeIna219;
using testing::FakeIna219Bus;
using testing::FakeIna226;
using testing::FakeIna3221;
using ::testing::HasSubstr;
using testing::Latencies;
using testing::LatencyDraw;
using testing::ManualClock;

using Signal = std::function<double(TimeNs)>;

// A chip on its bus, and the meter that reads it.
struct Rig {
  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<FakeIna219> ina219;
  std::shared_ptr<FakeConverter> other;
  std::unique_ptr<Meter> meter;

  std::size_t conversions() const { return ina219 ? ina219->conversions : other->conversions; }
  std::uint64_t transactions() const { return ina219 ? ina219->transactions : other->transactions; }
};

Rig rig(const std::string& chip, double hz, double oscillator, const Signal& amps, const Signal& volts,
        const std::string& more) {
  Rig r;
  std::function<TimeNs()> host = [random = std::mt19937_64(7)]() mutable {
    return static_cast<TimeNs>(std::uniform_int_distribution<>(0, 20'000)(random));
  };
  if (chip == "ina219") {
    r.ina219 = std::make_shared<FakeIna219>();
    r.clock = r.ina219->clock;
    r.ina219->amps = amps;
    r.ina219->volts = volts;
    r.ina219->oscillator = oscillator;
    r.ina219->transaction_ns = static_cast<TimeNs>(47e9 / hz);
    r.ina219->host_ns = host;
    r.meter = make_ina219(parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1" + more), 0,
                          std::make_unique<FakeIna219Bus>(*r.ina219), r.clock, hz);
    return r;
  }
  if (chip == "ina3221") {
    r.other = std::make_shared<FakeIna3221>();
  } else if (chip == "ina228") {
    r.other = std::make_shared<testing::FakeIna228>();
  } else {
    r.other = std::make_shared<FakeIna226>(chip == "ina260", 0.02);
  }
  r.clock = r.other->clock;
  r.other->amps = amps;
  r.other->volts = volts;
  r.other->oscillator = oscillator;
  r.other->bit_ns = static_cast<TimeNs>(1e9 / hz);
  r.other->host_ns = host;
  auto bus = std::make_unique<FakeConverterBus>(*r.other);
  const auto uri = [&](const char* options) { return parse_meter_uri(chip + ":///dev/i2c-1?" + options + more); };
  if (chip == "ina226") r.meter = make_word_converter(uri("shunt_ohm=0.02"), 0, std::move(bus), r.clock, hz);
  if (chip == "ina260") r.meter = make_word_converter(uri("addr=0x40"), 0, std::move(bus), r.clock, hz);
  if (chip == "ina3221") r.meter = make_word_converter(uri("shunt_ohm=0.1"), 0, std::move(bus), r.clock, hz);
  if (chip == "ina228") r.meter = make_ina228(uri("shunt_ohm=0.015"), 0, std::move(bus), r.clock, hz);
  return r;
}

struct Outcome {
  std::vector<Reading> readings;
  double share = 0;                    // of the conversions
  double transactions = 0, waits = 0;  // a reading
};

// `hook` is called before every wait.
Outcome run(
    Rig& r, const Latencies& latencies, double seconds, const std::function<void()>& hook = [] {}) {
  Outcome o;
  r.clock->late = LatencyDraw(latencies);
  r.meter->start(r.clock->now());
  std::size_t good = 0;
  SamplingLoop loop(*r.meter, *r.clock, r.meter->info().nominal_period_s, [&](const Reading& x) {
    good += std::isfinite(x.power_W) ? 1U : 0U;
    o.readings.push_back(x);
  });
  const auto conversions = r.conversions();
  const auto transactions = r.transactions();
  const auto sleeps = r.clock->sleeps;
  for (const TimeNs end = r.clock->now() + from_seconds(seconds); r.clock->now() < end;) {
    hook();
    loop.step({});
  }
  const auto n = static_cast<double>(good);
  o.share = n / static_cast<double>(r.conversions() - conversions);
  o.transactions = static_cast<double>(r.transactions() - transactions) / n;
  o.waits = static_cast<double>(r.clock->sleeps - sleeps) / n;
  for (std::size_t i = 1; i < o.readings.size(); ++i) EXPECT_GT(o.readings[i].t_ns, o.readings[i - 1].t_ns) << i;
  return o;
}

// A quiet virtual machine of two cores, as its bare sleep loop of 1.064 ms measured it.
const Latencies virtual_machine{.name = "virtual_machine",
                                .quantiles = {{0, 11}, {0.5, 118}, {0.9, 150}, {0.99, 207}, {0.9999, 400}, {1, 1590}}};
// Raspberry Pi 3 and 4: no wake-up above 160 us on an idle board (Adam, Computers 2021, 10, 64, doi 10.3390/computers10050064);
// beside `stress-ng -c 4` up to 250 us with real-time priority (github.com/ros-realtime/ros-realtime-rpi4-image/issues/30), and
// thousands without (github.com/guysoft/RealtimePi/issues/31). Both add the kernel's default timer slack of 50 us. The sources
// give the ends; the shape between them is ours.
const Latencies idle_pi{.name = "idle_pi", .quantiles = {{0, 10}, {0.5, 60}, {0.99, 110}, {1, 160}}};
const Latencies loaded_pi{.name = "loaded_pi",
                          .quantiles = {{0, 10}, {0.5, 80}, {0.9, 160}, {0.99, 300}, {0.999, 300}, {1, 2000}}};
const Latencies up_to_300{.name = "up_to_300", .quantiles = {{0, 0}, {1, 300}}};
const Latencies stalls{
    .name = "stalls", .quantiles = {{0, 11}, {0.5, 118}, {0.9, 150}, {1, 207}}, .stall_every_s = 1, .stall_us = 10'000};
// The hardest that is asked for: 1 % of the wake-ups above 500 us, outliers of 3 ms.
const Latencies p99_500{.name = "p99_500",
                        .quantiles = {{0, 10}, {0.5, 150}, {0.9, 320}, {0.99, 500}, {0.998, 700}, {0.9981, 3000}, {1, 3000}}};

struct Case {
  Latencies latencies;
  double least_share;
};

std::vector<Case> cases() {
  std::vector<Case> all{{virtual_machine, 0.98}, {idle_pi, 0.98}, {loaded_pi, 0.98},
                        {up_to_300, 0.98},       {stalls, 0.97},  {p99_500, 0.95}};
  for (int us = 0; us <= 300; us += 25) all.push_back({testing::constant_latency(us), 0.98});
  return all;
}

class LatencyTest : public ::testing::TestWithParam<std::tuple<const char*, double>> {
 protected:
  std::string chip() const { return std::get<0>(GetParam()); }
  double hz() const { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Converters, LatencyTest,
                         ::testing::Combine(::testing::Values("ina219", "ina226", "ina260", "ina3221"),
                                            ::testing::Values(400e3, 1e6)),
                         [](const auto& of) {
                           return fmt::format("{}_{:.0f}_kHz", std::get<0>(of.param), std::get<1>(of.param) / 1e3);
                         });

// Sawtooths of 40 cycles: every conversion has a voltage and a current of its own, which tell when it was.
constexpr TimeNs zero = 1'000'000'000;
constexpr TimeNs tooth = 48'000'000;
double phase(TimeNs t) {
  return static_cast<double>((t - zero) % tooth) / static_cast<double>(tooth);
}
double saw_A(TimeNs t) {
  return 1.5 * phase(t);
}
double saw_V(TimeNs t) {
  return 1 + 14 * phase(t);
}

// No voltage stands with the current of another conversion, and each reading is stamped when its current was.
void expect_pairs_in_time(const std::vector<Reading>& readings, const MeterInfo& info, double oscillator) {
  const double cycle_ns = info.averaging_s * 1e9 * oscillator;
  std::size_t torn = 0, mistimed = 0, judged = 0;
  for (const Reading& x : readings) {
    if (!std::isfinite(x.power_W)) continue;
    const double stamp_ns = static_cast<double>((x.t_ns - zero) % tooth);
    if (stamp_ns < 2 * cycle_ns || stamp_ns > tooth - 2 * cycle_ns) continue;  // the mean over a tooth's edge is no time
    const double current_ns = x.amps_A / 1.5 * tooth, voltage_ns = (x.volts_V - 1) / 14 * tooth;
    ++judged;
    torn += std::abs(voltage_ns - current_ns - cycle_ns / 2) > 0.25 * cycle_ns ? 1U : 0U;
    mistimed += std::abs(stamp_ns - current_ns) > 0.5e9 * info.latency_s + 60e3 ? 1U : 0U;
  }
  EXPECT_GT(judged, 2000U);
  EXPECT_EQ(torn, 0U);
  EXPECT_EQ(mistimed, 0U);
}

TEST_P(LatencyTest, ConversionsArriveInPairsWithTheirTimeHoweverLateTheHostWakes) {
  for (const auto& [latencies, least_share] : cases()) {
    for (const double oscillator : {0.91, 1.0, 1.09}) {
      SCOPED_TRACE(fmt::format("{} {} us, oscillator {}", latencies.name, latencies.quantiles.back().us, oscillator));
      Rig r = rig(chip(), hz(), oscillator, saw_A, saw_V, "");
      const Outcome o = run(r, latencies, 5);
      // A chip that is 9 % fast leaves that much less time for the hardest case.
      EXPECT_GE(o.share, least_share - (oscillator < 1 && latencies.name == p99_500.name ? 0.03 : 0));
      EXPECT_LE(o.transactions, 4.1);
      EXPECT_LE(o.waits, 1.1);
      EXPECT_EQ(r.meter->info().note, "") << "no longer average is needed";
      expect_pairs_in_time(o.readings, r.meter->info(), oscillator);
    }
  }
}

// The host may be held up between two registers, too: then the next conversion's values may stand beside this one's.
TEST_P(LatencyTest, AHostThatIsHeldUpWithinAReadingPairsNothingWrong) {
  for (const double oscillator : {0.91, 1.0, 1.09}) {
    SCOPED_TRACE(oscillator);
    // Stated, so that it does not average longer, which a sawtooth's means would not show.
    const char* const fixed = chip() == "ina219" ? "&adc=12" : chip() == "ina3221" ? "&ct_us=588" : "&ct_us=588&avg=1";
    Rig r = rig(chip(), hz(), oscillator, saw_A, saw_V, fixed);
    (r.ina219 ? r.ina219->host_ns : r.other->host_ns) = [random = std::mt19937_64(3)]() mutable {
      const bool held_up = std::uniform_int_distribution<>(0, 49)(random) == 0;
      return static_cast<TimeNs>(std::uniform_int_distribution<>(0, held_up ? 3'000'000 : 20'000)(random));
    };
    const Outcome o = run(r, virtual_machine, 10);
    EXPECT_GE(o.share, 0.85);
    expect_pairs_in_time(o.readings, r.meter->info(), oscillator);
  }
}

// A supply that steps moves an oscillator at once. Nothing tells of it but polls that come too early, or not too early.
TEST(Latency, AnOscillatorThatJumpsIsFoundAgain) {
  for (const double after : {0.95, 0.99, 0.995, 0.999, 1.001, 1.005, 1.01, 1.05}) {
    for (const Latencies& latencies : {virtual_machine, up_to_300, testing::constant_latency(200)}) {
      SCOPED_TRACE(fmt::format("{} {}", after, latencies.name));
      Rig r = rig("ina219", 400e3, 1, saw_A, saw_V, "&adc=12");
      Outcome o = run(r, latencies, 8, [&] {
        if (r.clock->now() > zero + 2'000'000'000) r.ina219->oscillator = after;
      });
      EXPECT_GE(o.share, 0.97);
      EXPECT_LE(o.waits, 1.1);
      // Half a second later all is as it should be.
      std::erase_if(o.readings,
                    [](const Reading& x) { return x.t_ns > zero + 1'995'000'000 && x.t_ns < zero + 2'500'000'000; });
      expect_pairs_in_time(o.readings, r.meter->info(), after);
    }
  }
}

// A board that heats up by 10 K a minute, and a chip with 300 ppm/K; three times that.
TEST(Latency, AnOscillatorThatDriftsIsFollowed) {
  for (const double per_s : {-150e-6, -50e-6, 50e-6, 150e-6}) {
    SCOPED_TRACE(per_s);
    Rig r = rig("ina219", 400e3, 1, saw_A, saw_V, "");
    const Outcome o =
        run(r, virtual_machine, 20, [&] { r.ina219->oscillator = 1 + per_s * to_seconds(r.clock->now() - zero); });
    EXPECT_GE(o.share, 0.98);
    EXPECT_LE(o.waits, 1.1);
    expect_pairs_in_time(o.readings, r.meter->info(), 1);
  }
}

// The load steps between 2 and 7 W at uneven times, and the supply sags with it.
TEST_P(LatencyTest, TheJoulesOfASteppingLoadAreWithinU) {
  const auto high = [](TimeNs t) { return (t - zero) % 37'000'000 < 17'000'000; };
  const auto amps = [=](TimeNs t) { return high(t) ? 1.45 : 0.4; };
  const auto volts = [=](TimeNs t) { return high(t) ? 4.9 : 5.1; };
  for (const auto& [latencies, least_share] : cases()) {
    SCOPED_TRACE(fmt::format("{} {} us", latencies.name, latencies.quantiles.back().us));
    Rig r = rig(chip(), hz(), 1.013, amps, volts, "");
    const Outcome o = run(r, latencies, 5.5);
    const Energy e =
        energy(o.readings, {.name = "w", .t0_ns = zero + 500'000'000, .t1_ns = zero + 5'310'000'000}, r.meter->info());
    ASSERT_TRUE(e.valid) << e.reason;
    const double truth_J = 130 * (0.017 * 1.45 * 4.9 + 0.020 * 0.4 * 5.1);  // 130 whole periods
    // The simulated chip has neither gain nor offset errors: what varies from window to window must hold the difference.
    EXPECT_LE(std::abs(e.energy_J - truth_J), e.U_random_J + 0.5 * 0.0015 * truth_J);
  }
}

TEST(Latency, AHostThatIsLaterThanTheChipAllowsGetsALongerAverageAndIsTold) {
  for (const char* chip : {"ina219", "ina226", "ina260", "ina3221"}) {
    Rig r = rig(
        chip, 400e3, 1, [](TimeNs) { return 1.0; }, [](TimeNs) { return 5.0; }, "");
    const double before_s = r.meter->info().averaging_s;
    const Latencies slow{.name = "slow", .quantiles = {{0, 100}, {0.5, 900}, {1, 2000}}};
    const Outcome o = run(r, slow, 20);
    const MeterInfo& info = r.meter->info();
    EXPECT_GT(info.averaging_s, 1.9 * before_s) << chip;
    EXPECT_THAT(info.note, HasSubstr("read in time")) << chip;
    EXPECT_TRUE(info.paces_itself);
    // Of the last 10 s nearly every conversion arrives.
    const auto late = std::ranges::count_if(
        o.readings, [&](const Reading& x) { return x.t_ns > 11'000'000'000 && std::isfinite(x.power_W); });
    EXPECT_GE(static_cast<double>(late), 0.9 * 10 / info.nominal_period_s) << chip << ' ' << info.description;
    const auto marked = std::ranges::count_if(o.readings, [](const Reading& x) { return (x.flags & reinitialised) != 0; });
    EXPECT_GE(marked, 1) << chip;
  }
}

TEST(Latency, ABusThatFailsIsNoLateHost) {
  Rig r = rig(
      "ina219", 400e3, 1, [](TimeNs) { return 1.0; }, [](TimeNs) { return 5.0; }, "");
  // A tenth of each 100 ms: by the share alone the host would be too late.
  TimeNs next = zero;
  run(r, idle_pi, 10, [&] {
    if (r.clock->now() < next) return;
    next += 100'000'000;
    r.ina219->nack = 9;
  });
  EXPECT_EQ(r.meter->info().note, "");
}

TEST(Latency, WhatTheUserChoseIsNotChanged) {
  for (const auto& [chip, more] : {std::pair{"ina219", "&adc=12"}, std::pair{"ina226", "&ct_us=588&avg=1"}}) {
    Rig r = rig(
        chip, 400e3, 1, [](TimeNs) { return 1.0; }, [](TimeNs) { return 5.0; }, more);
    run(r, {.name = "slow", .quantiles = {{0, 100}, {0.5, 900}, {1, 2000}}}, 5);
    EXPECT_EQ(r.meter->info().note, "") << chip;
  }
}

TEST(Latency, ACounterLosesNothingAndIsReadAsOftenAsTheHostWakes) {
  Rig r = rig(
      "ina228", 400e3, 1.05, [](TimeNs t) { return t % 10'000'000 < 2'000'000 ? 3.0 : 0.2; }, [](TimeNs) { return 5.0; }, "");
  const Outcome o = run(r, p99_500, 4.2);
  EXPECT_GE(o.share, 0.95);
  const Energy e = energy(o.readings, {.name = "w", .t0_ns = 1'100'000'000, .t1_ns = 5'100'000'000}, r.meter->info());
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 4 * 5 * (0.2 * 3.0 + 0.8 * 0.2), 0.01 * 15.2);
}

}  // namespace
}  // namespace tbft::power
