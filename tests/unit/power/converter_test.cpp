#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "power/engine/sampler.h"
#include "power/meters/list.h"
#include "power/protocol/ina228_registers.h"
#include "power/protocol/word_chip.h"
#include "tbft/power/energy.h"
#include "tbft/power/registry.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_converter.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::FakeAlertLine;
using testing::FakeConverter;
using testing::FakeConverterBus;
using testing::FakeIna226;
using testing::FakeIna228;
using testing::FakeIna3221;
using ::testing::HasSubstr;

TEST(Ina226Registers, Vectors) {
  EXPECT_EQ(ina226.configuration_word(1, 0, 4, WordChip::continuous_both), ina226.reset);
  EXPECT_EQ(ina226.configuration_word(1, 2, 7, WordChip::triggered_both), 0x45FB);
  EXPECT_DOUBLE_EQ(ina226.current(0x7D00), 0.08);   // 80 mV, 7.1.2
  EXPECT_DOUBLE_EQ(ina226.current(0x8300), -0.08);  // -80 mV
  EXPECT_DOUBLE_EQ(ina226.bus_V(0x2570), 11.98);    // 11.98 V, 6.5.2 (table)
  EXPECT_TRUE(ina226.is_saturated(0x7FFF));
  EXPECT_TRUE(ina226.is_saturated(0x8000));
  EXPECT_FALSE(ina226.is_saturated(0x7FFE));
  EXPECT_FALSE(ina226.is_saturated(0x8001));
}
TEST(Ina260Registers, Vectors) {
  EXPECT_EQ(ina260.configuration_word(1, 0, 4, WordChip::continuous_both), ina260.reset);
  EXPECT_DOUBLE_EQ(ina260.current(0x2710), 12.5);
  EXPECT_DOUBLE_EQ(ina260.current(0xD8F0), -12.5);
  EXPECT_DOUBLE_EQ(ina260.bus_V(0x2570), 11.98);
}
TEST(Ina3221Registers, Vectors) {
  EXPECT_EQ(ina3221.configuration_word(1, 0, 4, WordChip::continuous_both), 0x4127);
  EXPECT_EQ(ina3221.configuration_word(3, 0, 7, WordChip::triggered_both), 0x11FB);
  EXPECT_EQ(WordChip::current_register(3), 5);
  EXPECT_EQ(WordChip::bus_register(3), 6);
  EXPECT_DOUBLE_EQ(ina3221.current(0x3E80), 0.08);   // 80 mV: 2000 x 40 uV
  EXPECT_DOUBLE_EQ(ina3221.current(0xC180), -0.08);  // -80 mV
  EXPECT_DOUBLE_EQ(ina3221.bus_V(0x1388), 5.0);
  EXPECT_TRUE(ina3221.is_saturated(0x7FF8));
  EXPECT_TRUE(ina3221.is_saturated(0x8008)) << "-163.8 mV";
  EXPECT_FALSE(ina3221.is_saturated(0x7FE8));
}
TEST(Ina228Registers, Vectors) {
  using namespace ina228;
  using Bytes = std::array<std::uint8_t, 3>;
  EXPECT_EQ(signed20_of(Bytes{0x7F, 0xFF, 0xF0}), 524287);
  EXPECT_EQ(signed20_of(Bytes{0x80, 0x00, 0x00}), -524288);
  EXPECT_EQ(signed20_of(Bytes{0xFF, 0xFF, 0xF0}), -1);
  EXPECT_DOUBLE_EQ(signed20_of(Bytes{0x06, 0x40, 0x00}) * bus_lsb_V, 5.0);
  EXPECT_EQ(unsigned_of(std::array<std::uint8_t, 5>{0xFF, 0, 0, 0, 1}), 0xFF00000001U);
  EXPECT_EQ(adc_config_word(2, 5), 0xBB42);
  EXPECT_DOUBLE_EQ(13107.2e6 * current_lsb_A(false, 0.015) * 0.015, shunt_cal_value);
  EXPECT_DOUBLE_EQ(13107.2e6 * current_lsb_A(true, 0.015) * 0.015 * 4, shunt_cal_value);
  EXPECT_NEAR(energy_lsb_J(false, 0.015), 16 * 3.2 * 312.5e-9 / 0.015, 1e-18);
}

// A meter of one kind on its fake.
struct Rig {
  std::string name;
  std::string options;
  std::shared_ptr<FakeConverter> chip;
};
Rig rig(const std::string& name) {
  if (name == "ina226") return {name, "shunt_ohm=0.1&max_A=0.8", std::make_shared<FakeIna226>()};
  if (name == "ina260") return {name, "addr=0x40", std::make_shared<FakeIna226>(true)};
  if (name == "ina3221") return {name, "shunt_ohm=0.1&channel=2", std::make_shared<FakeIna3221>()};
  return {name, "shunt_ohm=0.015", std::make_shared<FakeIna228>()};
}

std::unique_ptr<Meter> make(const Rig& r, const std::string& more, double interval_s, bool alert = false,
                            bool long_reads = true) {
  auto uri = parse_meter_uri(r.name + ":///dev/i2c-1?" + r.options + more);
  if (alert) uri.options["ready"] = "pinctrl-rp1:17";
  auto bus = std::make_unique<FakeConverterBus>(*r.chip, long_reads);
  const double hz = 1e9 / static_cast<double>(r.chip->bit_ns);
  std::unique_ptr<GpioInput> line;
  if (alert) line = std::make_unique<FakeAlertLine>(*r.chip);
  const auto make_chip = r.name == "ina228" ? make_ina228 : make_word_converter;
  return make_chip(uri, interval_s, std::move(bus), r.chip->clock, hz, std::move(line));
}

struct Outcome {
  std::vector<Reading> readings;
  std::size_t conversions = 0;
  std::uint64_t transactions = 0;
  std::size_t waits = 0;
  std::size_t allocations = 0;
  MeterInfo info;
  std::size_t good() const {
    return static_cast<std::size_t>(std::ranges::count_if(readings, [](const Reading& r) { return std::isfinite(r.power_W); }));
  }
  std::size_t flagged(Flag flag) const {
    return static_cast<std::size_t>(std::ranges::count_if(readings, [&](const Reading& r) { return (r.flags & flag) != 0; }));
  }
};

// `hook` is called before every wait.
Outcome run(
    const Rig& r, double seconds, const std::string& more = "", double interval_s = 0, bool alert = false,
    const std::function<void()>& hook = [] {}) {
  auto meter = make(r, more, interval_s, alert);
  FakeConverter& chip = *r.chip;
  Outcome result;
  result.info = meter->info();
  result.readings.reserve(100'000);
  meter->start(chip.clock->now());
  SamplingLoop loop(*meter, *chip.clock, result.info.nominal_period_s, [&](const Reading& x) { result.readings.push_back(x); });
  const auto conversions = chip.conversions;
  const auto transactions = chip.transactions;
  const auto sleeps = chip.clock->sleeps;
  const auto allocations = testing::allocations();
  for (const TimeNs end = chip.clock->now() + from_seconds(seconds); chip.clock->now() < end;) {
    hook();
    loop.step({});
  }
  result.allocations = testing::allocations() - allocations;
  result.conversions = chip.conversions - conversions;
  result.transactions = chip.transactions - transactions;
  result.waits = chip.clock->sleeps - sleeps;
  for (std::size_t i = 1; i < result.readings.size(); ++i) {
    EXPECT_GT(result.readings[i].t_ns, result.readings[i - 1].t_ns) << i;
  }
  return result;
}

class EveryConverter : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Converters, EveryConverter, ::testing::Values("ina226", "ina260", "ina3221", "ina228"),
                         [](const auto& of) { return std::string(of.param); });

TEST_P(EveryConverter, At400kHz98PercentOfTheResultsArriveWithOneWaitAndNoAllocation) {
  for (const double oscillator : {0.91, 1.0, 1.09}) {
    const Rig r = rig(GetParam());
    r.chip->oscillator = oscillator;
    r.chip->amps = [](TimeNs) { return 0.5; };
    // Containers of the fake allocate nothing once their keys exist.
    const Outcome o = run(r, 3);
    EXPECT_GE(static_cast<double>(o.good()), 0.98 * static_cast<double>(o.conversions)) << oscillator;
    EXPECT_LE(static_cast<double>(o.waits), 1.08 * static_cast<double>(o.good()));
    EXPECT_LE(static_cast<double>(o.transactions),
              (GetParam() == std::string("ina228") ? 4.1 : 3.1) * static_cast<double>(o.good()));
    EXPECT_EQ(o.allocations, 0U);
    EXPECT_TRUE(o.info.paces_itself);
    EXPECT_GT(o.conversions, 500U);
    ASSERT_FALSE(o.readings.empty());
    EXPECT_NEAR(o.readings.back().volts_V, 5, 1e-3);
    EXPECT_NEAR(o.readings.back().amps_A, 0.5, 1e-3);
    EXPECT_NEAR(o.readings.back().power_W, 2.5, 6e-3);
  }
}

TEST_P(EveryConverter, ACurrentThatFlowsBackwardsIsNegative) {
  const Rig r = rig(GetParam());
  r.chip->amps = [](TimeNs) { return -0.25; };
  const Outcome o = run(r, 0.2);
  ASSERT_GT(o.good(), 10U);
  EXPECT_NEAR(o.readings.back().amps_A, -0.25, 1e-3);
  EXPECT_EQ(o.readings.back().flags, 0);
}

TEST_P(EveryConverter, TheEndOfTheRangeIsFlagged) {
  const Rig r = rig(GetParam());
  r.chip->amps = [](TimeNs) { return 100.0; };
  EXPECT_EQ(run(r, 0.1).readings.back().flags, saturated);
  r.chip->amps = [](TimeNs) { return -100.0; };
  EXPECT_EQ(run(r, 0.1).readings.back().flags, saturated);
}

TEST_P(EveryConverter, EnergyOfAWaveformWithinHalfAPercent) {
  const auto bursts = [](double t_s) { return std::fmod(t_s, 0.1) < 0.03 ? 0.6 : 0.4; };  // 0.46 A
  const auto swings = [](double t_s) { return 0.46 + 0.2 * std::sin(2 * std::numbers::pi * 3 * t_s); };
  for (const bool burst : {true, false}) {
    for (const double interval_s : {0.0, 0.01}) {
      if (burst && interval_s > 0) continue;  // conversions as long as the bursts, with the current seen half of the time
      const Rig r = rig(GetParam());
      const TimeNs zero = r.chip->clock->now();
      r.chip->amps = [&](TimeNs t) { return burst ? bursts(to_seconds(t - zero)) : swings(to_seconds(t - zero)); };
      const Outcome o = run(r, 3.2, "", interval_s);
      const Energy e = energy(o.readings, {.name = "w", .t0_ns = zero + 1'000'000'000, .t1_ns = zero + 3'000'000'000}, o.info);
      ASSERT_TRUE(e.valid) << e.reason;
      EXPECT_NEAR(e.energy_J, 4.6, 0.005 * 4.6) << burst << ' ' << interval_s;
      EXPECT_LT(std::abs(e.energy_J - 4.6), e.U_J);
    }
  }
}

TEST_P(EveryConverter, TheTimeStampIsTheMiddleOfTheResultOrItsEndForACounter) {
  const Rig r = rig(GetParam());
  const TimeNs zero = r.chip->clock->now();
  r.chip->amps = [=](TimeNs t) { return 0.1 * to_seconds(t - zero); };
  const Outcome o = run(r, 1, "", 0.02);
  const double cycle_s = o.info.counter ? o.info.nominal_period_s : o.info.averaging_s;
  EXPECT_NEAR(cycle_s, 0.018, 0.002);
  const double late_s = o.info.counter ? cycle_s / 2 : 0;
  ASSERT_GT(o.good(), 40U);
  for (std::size_t i = 5; i < o.readings.size(); ++i) {
    const double seen_s = o.readings[i].amps_A / 0.1;
    // Shunt and bus take turns within each result, or one after the other: a quarter of a cycle at most.
    ASSERT_NEAR(to_seconds(o.readings[i].t_ns - zero) - late_s, seen_s, cycle_s / 4 + 0.013) << i;
  }
}

TEST_P(EveryConverter, VoltageAndCurrentAreOfTheSameResultHoweverLateTheHostIs) {
  if (GetParam() == std::string("ina228")) return;  // its joules stand for themselves
  for (const std::string more : {"&ct_us=1100", "&ct_us=204&avg=16"}) {
    if (GetParam() == std::string("ina3221") && more.find("avg") != std::string::npos) continue;
    for (const bool alert : {false, true}) {
      const Rig r = rig(GetParam());
      const TimeNs zero = r.chip->clock->now();
      // Both rise together, 0.2 A and 2 V a second: a mismatch of a whole result would show.
      r.chip->amps = [=](TimeNs t) { return 0.2 * to_seconds(t - zero); };
      r.chip->volts = [=](TimeNs t) { return 1 + 2 * to_seconds(t - zero); };
      std::size_t step = 0;
      const Outcome o = run(r, 3, more, 0, alert && GetParam() != std::string("ina3221"), [&] {
        if (++step % 7 == 0) r.chip->clock->advance(TimeNs(step % 13) * 200'000);
      });
      ASSERT_GT(o.good(), 200U) << more << alert;
      const double cycle_s = o.info.averaging_s;
      const double skew_s = more.find("avg") != std::string::npos ? 204e-6 : cycle_s / 2;
      const double step_s = 8e-3 / 2 + 1.25e-3 / 0.2;  // of the coarsest voltage and current
      for (const Reading& x : o.readings) {
        if (!std::isfinite(x.power_W)) continue;
        const double amps_s = x.amps_A / 0.2, volts_s = (x.volts_V - 1) / 2;
        ASSERT_NEAR(volts_s, amps_s + skew_s, GetParam() == std::string("ina226") ? 0.4 * cycle_s + 7e-4 : step_s)
            << more << alert;
        ASSERT_NEAR(to_seconds(x.t_ns - zero), amps_s + skew_s / 2,
                    GetParam() == std::string("ina226") ? 0.2 * cycle_s + 7e-4 : step_s)
            << more << alert;
      }
    }
  }
}

TEST_P(EveryConverter, AResetIsFoundAtOnceAndTheGapMarked) {
  const Rig r = rig(GetParam());
  bool done = false;
  const Outcome o = run(r, 1, "", 0, false, [&] {
    if (!done && r.chip->conversions > 100) {
      r.chip->reset();
      done = true;
    }
  });
  EXPECT_EQ(o.flagged(reinitialised), 1U);
  EXPECT_EQ(o.flagged(gap_begins), 1U);
  EXPECT_GE(static_cast<double>(o.good()), 0.95 / o.info.nominal_period_s);
}

TEST_P(EveryConverter, AResetIsFoundInTriggeredModeToo) {
  if (GetParam() == std::string("ina228")) return;  // it counts in continuous mode alone
  const Rig r = rig(GetParam());
  r.chip->bit_ns = 10'000;
  bool done = false;
  const Outcome o = run(r, 1, GetParam() == std::string("ina3221") ? "&ct_us=140" : "&ct_us=140&avg=1", 0, false, [&] {
    if (!done && r.chip->conversions > 100) {
      r.chip->reset();
      done = true;
    }
  });
  EXPECT_THAT(o.info.description, HasSubstr("triggered"));
  EXPECT_EQ(o.flagged(reinitialised), 1U);
  EXPECT_EQ(o.flagged(gap_begins), 1U);
  EXPECT_GE(static_cast<double>(o.good()), 0.9 / o.info.nominal_period_s);
}

TEST_P(EveryConverter, AMissingAcknowledgeIsRetriedAndThenAGapNever0W) {
  const Rig retried = rig(GetParam());
  int step = 0;
  const Outcome o = run(retried, 0.5, "", 0, false, [&] {
    if (++step == 50) retried.chip->nack = 2;
  });
  EXPECT_EQ(o.good(), o.readings.size());

  const Rig unplugged = rig(GetParam());
  step = 0;
  const Outcome lost = run(unplugged, 0.5, "", 0, false, [&] {
    if (++step == 50) unplugged.chip->nack = 12;
    if (unplugged.chip->nack == 3) unplugged.chip->reset();
  });
  EXPECT_EQ(lost.readings.size() - lost.good(), 5U) << "four failed polls and the reset";
  for (const Reading& x : lost.readings) EXPECT_EQ(!std::isfinite(x.power_W), (x.flags & gap_begins) != 0);
}

TEST_P(EveryConverter, ALostBusAndAControllerThatGaveUpAreTriedAgain) {
  for (const int failure : {EAGAIN, ETIMEDOUT}) {
    const int times = failure == EAGAIN ? 2 : 1;
    const Rig r = rig(GetParam());
    r.chip->failure = failure;
    r.chip->nack = times;  // of the first transaction: the meter opens all the same
    int step = 0;
    const Outcome o = run(r, 0.5, "", 0, false, [&] {
      if (++step == 50) r.chip->nack = times;
    });
    EXPECT_EQ(o.good(), o.readings.size()) << failure;
    EXPECT_GT(o.good(), 200U);
  }
  const Rig other = rig(GetParam());
  other.chip->failure = EIO;
  other.chip->nack = 1;
  EXPECT_THROW(make(other, "", 0)->start(0), MeterUnavailable);
}

TEST_P(EveryConverter, AChipThatNeverGetsReadyGivesGapsAndDoesNotHang) {
  const Rig r = rig(GetParam());
  r.chip->stuck = true;
  const Outcome o = run(r, 1);
  EXPECT_EQ(o.good(), 0U);
  EXPECT_GT(o.readings.size(), 10U);
  EXPECT_LT(o.readings.size(), 100U);
}

TEST_P(EveryConverter, AnotherChipAtTheAddressIsRefusedAndNotWrittenTo) {
  for (const char* other : {"ina226", "ina260", "ina3221", "ina228"}) {
    if (other == std::string(GetParam())) continue;
    Rig r = rig(GetParam());
    r.chip = rig(other).chip;
    try {
      make(r, "", 0)->start(0);
      FAIL() << other;
    } catch (const MeterUnavailable& error) {
      EXPECT_THAT(error.what(), HasSubstr("not an INA"));
    }
    EXPECT_EQ(r.chip->writes, 0U);
  }
  const Rig gone = rig(GetParam());
  gone.chip->nack = 1'000;
  EXPECT_THROW(make(gone, "", 0)->start(0), MeterUnavailable);
}

TEST_P(EveryConverter, BadOptionsAreRefusedBeforeTheBusIsOpened) {
  const std::string base = std::string(GetParam()) + ":///dev/i2c-none?" + rig(GetParam()).options;
  for (const char* bad : {"adr=0x41", "ct_us=141", "i2c_hz=0", "ct_us=0", "gap_limit=x"}) {
    EXPECT_THROW(open_meter(base + "&" + bad), BadMeterUri) << bad;
  }
  EXPECT_THROW(open_meter(std::string(GetParam()) + ":///dev/i2c-none?addr=0x50&shunt_ohm=0.1"), BadMeterUri);
  EXPECT_THROW(open_meter(std::string(GetParam()) + "://"), BadMeterUri);
  EXPECT_THROW(open_meter(base), MeterUnavailable);
}

TEST(Converters, AShuntMustBeNamedAndHoldTheLargestCurrent) {
  EXPECT_THROW(open_meter("ina226:///dev/i2c-none?addr=0x40"), BadMeterUri);
  EXPECT_THROW(open_meter("ina226:///dev/i2c-none?shunt_ohm=0.1&max_A=0.82"), BadMeterUri);
  EXPECT_THROW(open_meter("ina226:///dev/i2c-none?shunt_ohm=0.1&max_A=0.81"), MeterUnavailable);
  EXPECT_THROW(open_meter("ina3221:///dev/i2c-none?shunt_ohm=0.1&channel=4"), BadMeterUri);
  EXPECT_THROW(open_meter("ina228:///dev/i2c-none?shunt_ohm=0.1&adcrange=2"), BadMeterUri);
  EXPECT_THROW(open_meter("ina226:///dev/i2c-none?shunt_ohm=0.1&ready=17"), BadMeterUri);
}

TEST(Converters, TheAverageFitsTheIntervalAndTheBus) {
  const auto text = [](const char* name, const std::string& more, double interval_s, TimeNs bit_ns) {
    const Rig r = rig(name);
    r.chip->bit_ns = bit_ns;
    return make(r, more, interval_s)->info().description;
  };
  EXPECT_THAT(text("ina226", "", 0, 2'500), HasSubstr("588 us x1, continuous, I2C at 400 kHz"));
  EXPECT_THAT(text("ina226", "", 0, 10'000), HasSubstr("continuous, I2C at 100 kHz"));
  EXPECT_THAT(text("ina226", "", 0.02, 2'500), HasSubstr("588 us x16, continuous"));
  EXPECT_THAT(text("ina226", "&ct_us=140&avg=1", 0, 10'000), HasSubstr("140 us x1, triggered"));
  EXPECT_THAT(text("ina226", "&ct_us=1100&avg=64", 0.001, 2'500), HasSubstr("1100 us x64, continuous"));
  EXPECT_THAT(text("ina226", "", 3600, 2'500), HasSubstr("8244 us x1024, continuous"));
  EXPECT_THAT(text("ina3221", "", 1, 2'500), HasSubstr("8244 us x1, continuous"));
  EXPECT_THAT(text("ina228", "&ct_us=50&avg=1", 0, 10'000), HasSubstr("50 us x1, continuous")) << "no triggered counting";
}

TEST(Ina3221, TheOtherChannelsAreOff) {
  const Rig r = rig("ina3221");
  const Outcome o = run(r, 0.1);
  EXPECT_EQ(r.chip->get(0) >> 12U, 2U) << "channel 2";
  EXPECT_GT(o.good(), 80U);
}

TEST(Ina228, TheRangeIsTheSmallestThatHoldsMaxA) {
  const auto config = [](const std::string& more) {
    const Rig r = rig("ina228");
    r.chip->amps = [](TimeNs) { return 0.5; };
    const Outcome o = run(r, 0.1, more);
    EXPECT_NEAR(o.readings.back().amps_A, 0.5, 1e-4);
    return r.chip->get(0);
  };
  EXPECT_EQ(config(""), 0U);
  EXPECT_EQ(config("&max_A=2.7"), 0x10U);
  EXPECT_EQ(config("&max_A=2.8"), 0U);
  EXPECT_EQ(config("&adcrange=1"), 0x10U);
}

TEST(Ina228, TheCountGoesOnOverAWrap) {
  const Rig r = rig("ina228");
  auto& chip = dynamic_cast<FakeIna228&>(*r.chip);
  chip.energy_count = std::pow(2.0, 40) - 2000;  // at 5 W about 0.4 s
  const TimeNs zero = chip.clock->now();
  const Outcome o = run(r, 2.2);
  EXPECT_GT(chip.energy_count, std::pow(2.0, 40)) << "it has wrapped";
  const Energy e = energy(o.readings, {.name = "w", .t0_ns = zero + 100'000'000, .t1_ns = zero + 2'100'000'000}, o.info);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 10, 0.01);
  EXPECT_EQ(o.flagged(reinitialised), 0U);
}

TEST(Ina226, ACloneWithAnotherIdentityIsReadWhenTheUriSaysSoAndItsGainIsUnknown) {
  Rig r = rig("ina226");
  dynamic_cast<FakeIna226&>(*r.chip).reg[0xFE] = 0x1234;
  r.chip->amps = [](TimeNs) { return 0.5; };
  try {
    make(r, "", 0)->start(0);
    FAIL();
  } catch (const MeterUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("id=any"));
  }
  EXPECT_FALSE(make(r, "&id=any", 0)->info().accuracy.gain_limit_rel);
  EXPECT_EQ(make(r, "&id=any&gain_pct=2", 0)->info().accuracy.gain_limit_rel, 0.02);
  const Outcome o = run(r, 0.2, "&id=any");
  ASSERT_GT(o.good(), 50U);
  EXPECT_NEAR(o.readings.back().power_W, 2.5, 6e-3);
  EXPECT_THROW(make(r, "&id=5449", 0), BadMeterUri);
}

TEST(Ina228, AnOverdrivenShuntIsNoWrappedCounter) {
  const Rig r = rig("ina228");
  r.chip->amps = [](TimeNs) { return 100.0; };
  const TimeNs zero = r.chip->clock->now();
  const Outcome o = run(r, 1);
  const Energy e = energy(o.readings, {.name = "w", .t0_ns = zero + 200'000'000, .t1_ns = zero + 800'000'000}, o.info);
  EXPECT_FALSE(e.valid);
  EXPECT_THAT(e.reason, HasSubstr("the sensor's range is too small"));
}

TEST(Ina228, AfterAResetTheJoulesGoOnFromWhereTheyWere) {
  const Rig r = rig("ina228");
  bool done = false;
  const Outcome o = run(r, 2, "", 0, false, [&] {
    if (!done && r.chip->conversions > 500) {
      r.chip->reset();
      done = true;
    }
  });
  double last_J = -1;
  for (const Reading& x : o.readings) {
    if (!std::isfinite(x.energy_J)) continue;
    EXPECT_GE(x.energy_J, last_J);
    last_J = x.energy_J;
  }
  EXPECT_NEAR(last_J, 10, 0.05);
  EXPECT_EQ(o.flagged(reinitialised), 1U);
}

TEST(Ina228, NothingThatFlowsBetweenTwoSlowPollsIsMissed) {
  const Rig r = rig("ina228");
  const TimeNs zero = r.chip->clock->now();
  // 2 ms of every 50 ms at 5 A: a sampled meter would see few of them.
  r.chip->amps = [=](TimeNs t) { return (t - zero) % 50'000'000 < 2'000'000 ? 5.0 : 0.1; };
  const Outcome o = run(r, 2.2, "", 0, false, [&] { r.chip->clock->advance(7'000'000); });
  const Energy e = energy(o.readings, {.name = "w", .t0_ns = zero + 100'000'000, .t1_ns = zero + 2'100'000'000}, o.info);
  ASSERT_TRUE(e.valid) << e.reason;
  const double truth_J = 2 * 5 * (0.04 * 5.0 + 0.96 * 0.1);
  EXPECT_NEAR(e.energy_J, truth_J, 0.01 * truth_J);
}

TEST(Ina228, AnAdapterWithoutLongReadsIsRefusedWithTheReason) {
  const Rig r = rig("ina228");
  EXPECT_THROW(make(r, "", 0, false, false)->start(0), MeterUnavailable);
  EXPECT_EQ(r.chip->writes, 0U);
}

class AlertTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Converters, AlertTest, ::testing::Values("ina226", "ina260", "ina228"),
                         [](const auto& of) { return std::string(of.param); });

TEST_P(AlertTest, ThePinSaysToTheNanosecondWhenAConversionEnded) {
  for (const double oscillator : {0.91, 1.0, 1.09}) {
    const Rig r = rig(GetParam());
    r.chip->oscillator = oscillator;
    const TimeNs zero = r.chip->clock->now();
    r.chip->amps = [=](TimeNs t) { return 0.1 * to_seconds(t - zero); };
    const Outcome o = run(r, 3, "", 0, true);
    EXPECT_GE(static_cast<double>(o.good()), 0.98 * static_cast<double>(o.conversions));
    EXPECT_LE(static_cast<double>(o.transactions),
              (GetParam() == std::string("ina228") ? 4.01 : 3.01) * static_cast<double>(o.good()));
    EXPECT_LE(static_cast<double>(o.waits), 1.08 * static_cast<double>(o.good()));
    const double cycle_s = o.info.nominal_period_s * oscillator;
    const double age_s = o.info.counter ? 0.75 * cycle_s : 0.25 * cycle_s;  // the shunt comes first
    ASSERT_GT(o.good(), 100U);
    for (std::size_t i = 100; i < o.readings.size(); i += 50) {
      ASSERT_NEAR(to_seconds(o.readings[i].t_ns - zero) - age_s, o.readings[i].amps_A / 0.1,
                  GetParam() == std::string("ina260") ? 0.01 : 5e-4)
          << i;
    }
    EXPECT_EQ(o.flagged(gap_begins), 0U);
  }
}

TEST_P(AlertTest, ALostEdgeIsAMissedConversionNotAStall) {
  const Rig r = rig(GetParam());
  int step = 0;
  const Outcome o = run(r, 2, "", 0, true, [&] {
    if (++step % 100 == 0) r.chip->lost_edges = 1;
  });
  EXPECT_GT(static_cast<double>(o.good()), 0.93 * static_cast<double>(o.conversions));
  EXPECT_LT(o.good(), o.conversions);
  EXPECT_EQ(o.flagged(gap_begins), 0U);
}

TEST_P(AlertTest, ALineThatFallsSilentGivesGapsAndRecovers) {
  const Rig r = rig(GetParam());
  int step = 0;
  const Outcome o = run(r, 2, "", 0, true, [&] {
    if (++step == 300) r.chip->lost_edges = 50;
  });
  EXPECT_GT(o.flagged(gap_begins), 10U);
  ASSERT_FALSE(o.readings.empty());
  EXPECT_TRUE(std::isfinite(o.readings.back().power_W));
}

TEST_P(AlertTest, AResetAndAnUnpluggedChipRecover) {
  const Rig r = rig(GetParam());
  int step = 0;
  const Outcome o = run(r, 2, "", 0, true, [&] {
    if (++step == 300) r.chip->reset();
    if (step == 600) r.chip->nack = 12;
  });
  EXPECT_EQ(o.flagged(reinitialised), 1U);
  EXPECT_GE(o.flagged(gap_begins), 2U);
  EXPECT_GT(static_cast<double>(o.good()), 0.9 * static_cast<double>(o.conversions));
}

TEST_P(AlertTest, APinThatIsNotWiredIsNoMeter) {
  const Rig r = rig(GetParam());
  r.chip->lost_edges = 1'000'000;
  try {
    make(r, "", 0, true)->start(0);
    FAIL();
  } catch (const MeterUnavailable& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("ALERT"), HasSubstr("pull-up")));
  }
}

}  // namespace
}  // namespace tbft::power
