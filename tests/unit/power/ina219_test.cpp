#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "power/engine/sampler.h"
#include "power/protocol/ina219_registers.h"
#include "tbft/power/detect.h"
#include "tbft/power/energy.h"
#include "tbft/power/registry.h"
#include "tests/support/fake_ina219.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using testing::FakeIna219;
using testing::FakeIna219Bus;
using ::testing::HasSubstr;
using testing::ManualClock;

TEST(Ina219Registers, Vectors) {
  using namespace ina219;
  EXPECT_DOUBLE_EQ(bus_V(0x2710), 5.0);
  EXPECT_DOUBLE_EQ(bus_V(0x2712), 5.0);
  EXPECT_TRUE(is_ready(0x2712));
  EXPECT_FALSE(is_ready(0x2711));
  EXPECT_DOUBLE_EQ(shunt_V(0x0A00), 0.0256);
  EXPECT_DOUBLE_EQ(shunt_V(0xF600), -0.0256);
  EXPECT_EQ(calibration_word(100e-6, 0.1), 0x1000);
  EXPECT_EQ(calibration_word(1e-9, 1e-5), 0xFFFE) << "more than the register holds";
  EXPECT_EQ(current_raw(0x0A00, 0x1000), 2560);
  EXPECT_EQ(power_raw(2560, 0x2710), 640);
  EXPECT_EQ(configuration_word(true, 3, 3, continuous_both), configuration_reset);
  EXPECT_TRUE(is_saturated(0x7D00, gains[3]));
  EXPECT_TRUE(is_saturated(static_cast<std::uint16_t>(-4000), gains[0]));
  EXPECT_FALSE(is_saturated(3999, gains[0]));
  EXPECT_EQ(adc_of(0x8).bits, 12);
  EXPECT_EQ(adc_of(0xB).averages, 8);
  EXPECT_EQ(adc_of(0x5).bits, 10);
}

struct Outcome {
  std::vector<Reading> readings;
  std::size_t conversions = 0;
  std::uint64_t transactions = 0;
  std::size_t waits = 0;
  MeterInfo info;
  std::size_t good() const {
    return static_cast<std::size_t>(std::ranges::count_if(readings, [](const Reading& r) { return std::isfinite(r.power_W); }));
  }
};

// `hook` is called before every wait.
Outcome run(
    FakeIna219& chip, double seconds, const std::string& options = "", double interval_s = 0, double hz = 400e3,
    const std::function<void()>& hook = [] {}) {
  auto meter = make_ina219(parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1" + options), interval_s,
                           std::make_unique<FakeIna219Bus>(chip), chip.clock, hz);
  Outcome result;
  result.info = meter->info();
  meter->start(chip.clock->now());
  SamplingLoop loop(*meter, *chip.clock, result.info.nominal_period_s, [&](const Reading& r) { result.readings.push_back(r); });
  const auto conversions = chip.conversions;
  const auto transactions = chip.transactions;
  const auto sleeps = chip.clock->sleeps;
  for (const TimeNs end = chip.clock->now() + from_seconds(seconds); chip.clock->now() < end;) {
    hook();
    loop.step({});
  }
  result.conversions = chip.conversions - conversions;
  result.transactions = chip.transactions - transactions;
  result.waits = chip.clock->sleeps - sleeps;
  return result;
}

class OscillatorTest : public ::testing::TestWithParam<std::tuple<double, bool>> {};

TEST_P(OscillatorTest, At400kHz98PercentOfTheConversionsArriveAt31TransactionsAndOneWait) {
  FakeIna219 chip;
  chip.oscillator = std::get<0>(GetParam());
  chip.bus_read_clears_ready = std::get<1>(GetParam());
  const Outcome r = run(chip, 3);
  EXPECT_GE(static_cast<double>(r.good()), 0.98 * static_cast<double>(r.conversions));
  EXPECT_LE(static_cast<double>(r.transactions), 3.1 * static_cast<double>(r.good()));
  EXPECT_LE(static_cast<double>(r.waits), 1.08 * static_cast<double>(r.good()))
      << "one wait, and now and then a poll too early";
  EXPECT_GT(r.conversions, 2500U);
  for (std::size_t i = 1; i < r.readings.size(); ++i) ASSERT_GT(r.readings[i].t_ns, r.readings[i - 1].t_ns);
}
INSTANTIATE_TEST_SUITE_P(Ina219, OscillatorTest,
                         ::testing::Combine(::testing::Values(0.9, 0.95, 0.993, 1.0, 1.017, 1.06, 1.1), ::testing::Bool()));

TEST(Ina219, ValuesAreComputedOnTheHostFromShuntAndBusVoltage) {
  FakeIna219 chip;
  chip.amps = [](TimeNs) { return -0.256; };
  const Outcome r = run(chip, 0.1);
  ASSERT_GT(r.good(), 50U);
  EXPECT_DOUBLE_EQ(r.readings.back().volts_V, 5.0);
  EXPECT_NEAR(r.readings.back().amps_A, -0.256, 1e-12);
  EXPECT_NEAR(r.readings.back().power_W, -1.28, 1e-12);
  EXPECT_EQ(r.readings.back().flags, 0);
}

TEST(PeerErrors, E14VoltageAndCurrentAreOfTheSameConversionPair) {
  // Both rise together, 1 A and 1 V for each 100 ms: any mismatch of a whole pair would show as 10 mA.
  FakeIna219 chip;
  chip.transaction_ns = 125'000;
  chip.amps = [](TimeNs t) { return to_seconds(t - 1'000'000'000); };
  chip.volts = [](TimeNs t) { return 2 + 4 * to_seconds(t - 1'000'000'000); };
  std::size_t step = 0;
  const Outcome r = run(chip, 2, "", 0, 400e3, [&] {
    if (++step % 7 == 0) chip.clock->advance(TimeNs(step % 13) * 100'000);  // the host is late now and then
  });
  ASSERT_GT(r.good(), 1000U);
  for (const Reading& reading : r.readings) {
    if (!std::isfinite(reading.power_W)) continue;
    // The bus conversion's middle is half a pair after the shunt's: 0.532 ms x 4 V/s, and 4 mV rounded down.
    ASSERT_NEAR((reading.volts_V - 2) / 4, reading.amps_A + 0.532e-3 - 0.5e-3, 0.6e-3) << to_seconds(reading.t_ns);
  }
}

TEST(Ina219, TheTimeStampIsTheCentreOfTheShuntsConversion) {
  for (const double oscillator : {0.93, 1.0, 1.08}) {
    FakeIna219 chip;
    chip.oscillator = oscillator;
    chip.amps = [](TimeNs t) { return to_seconds(t - 1'000'000'000); };
    const Outcome r = run(chip, 1);
    for (std::size_t i = 10; i < r.readings.size(); ++i) {
      const double want_A = to_seconds(r.readings[i].t_ns - 1'000'000'000);
      ASSERT_NEAR(r.readings[i].amps_A, want_A, 0.2e-3) << i;
    }
  }
}

TEST(Ina219, AStepIsMeasuredWithinItsUncertainty) {
  FakeIna219 chip;
  chip.amps = [](TimeNs t) { return t < 1'500'000'000 ? 0.5 : 1.2; };
  const Outcome r = run(chip, 1.2);
  const Energy e = energy(r.readings, {.name = "w", .t0_ns = 1'200'000'000, .t1_ns = 2'000'000'000}, r.info);
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 5 * (0.3 * 0.5 + 0.5 * 1.2), 1e-3);
  EXPECT_GT(e.U_J, 0.01 * e.energy_J);
}

TEST(Ina219, ABusVoltageAtTheEndOfTheRangeIsSaturated) {
  FakeIna219 chip;
  chip.volts = [](TimeNs) { return 16.0; };
  EXPECT_EQ(run(chip, 0.1, "").readings.back().flags, saturated);
  FakeIna219 wide;
  wide.volts = [](TimeNs) { return 19.0; };
  EXPECT_EQ(run(wide, 0.1, "&brng=32").readings.back().flags, 0);
}

TEST(Ina219, SaturationIsFlaggedByGain) {
  FakeIna219 chip;
  chip.amps = [](TimeNs) { return 0.5; };
  EXPECT_EQ(run(chip, 0.1, "&max_A=0.4").readings.back().flags, saturated);
  EXPECT_EQ(run(chip, 0.1, "&max_A=0.8").readings.back().flags, 0);
}

TEST(Ina219, AutoGainIsTheSmallestThatHoldsMaxA) {
  FakeIna219 chip;
  run(chip, 0.01, "&max_A=0.4");
  EXPECT_EQ(chip.reg[0] >> 11U & 3U, 0U);
  run(chip, 0.01, "&max_A=0.41");
  EXPECT_EQ(chip.reg[0] >> 11U & 3U, 1U);
  run(chip, 0.01);
  EXPECT_EQ(chip.reg[0] >> 11U & 3U, 3U);
  EXPECT_THROW(run(chip, 0.01, "&max_A=4"), BadMeterUri);
}

TEST(Ina219, AResetIsFoundTheChipSetUpAgainAndTheGapMarked) {
  for (const std::string options : {"", "&brng=32"}) {  // the second is the reset value itself
    FakeIna219 chip;
    bool done = false;
    const Outcome r = run(chip, 1, options, 0, 400e3, [&] {
      if (!done && chip.conversions > 300) {
        chip.reset();
        done = true;
      }
    });
    const auto flagged = [&](Flag flag) {
      return std::ranges::count_if(r.readings, [&](const Reading& x) { return (x.flags & flag) != 0; });
    };
    EXPECT_EQ(flagged(reinitialised), 1) << options;
    EXPECT_EQ(flagged(gap_begins), 1) << options;
    EXPECT_NE(chip.reg[5], 0) << options;
    EXPECT_GT(r.good(), 800U);
  }
}

TEST(Ina219, AShuntThatIsNotStatedIsSaidWithWhatItCosts) {
  FakeIna219 chip;
  const auto info_of = [&](const std::string& options) {
    return make_ina219(parse_meter_uri("ina219:///dev/i2c-1?addr=0x40" + options), 0, std::make_unique<FakeIna219Bus>(chip),
                       chip.clock, 400e3)
        ->info();
  };
  EXPECT_THAT(info_of("").assumption, AllOf(HasSubstr("0.1 ohm is assumed"),
                                            HasSubstr("with a shunt of 0.01 ohm every joule would be 10 times too small"),
                                            HasSubstr("-m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'")));
  EXPECT_THAT(info_of("").description, HasSubstr("0.1 ohm shunt (assumed)"));
  EXPECT_EQ(info_of("&shunt_ohm=0.1").assumption, "");
  EXPECT_THAT(info_of("&shunt_ohm=0.1").description, HasSubstr("0.1 ohm shunt, "));
  // The same voltage at the shunt is ten times the current in a tenth of the resistance: the factor of the warning.
  EXPECT_DOUBLE_EQ(info_of("&shunt_ohm=0.01").accuracy.resolution_A, 10 * info_of("").accuracy.resolution_A);
}

TEST(Ina219, AResetIsFoundInTriggeredModeToo) {
  FakeIna219 chip;
  chip.transaction_ns = 470'000;
  bool done = false;
  const Outcome r = run(chip, 1, "&adc=12", 0, 100e3, [&] {
    if (!done && chip.conversions > 100) {
      chip.reset();
      done = true;
    }
  });
  const auto flagged = [&](Flag flag) {
    return std::ranges::count_if(r.readings, [&](const Reading& x) { return (x.flags & flag) != 0; });
  };
  EXPECT_EQ(flagged(reinitialised), 1);
  EXPECT_EQ(flagged(gap_begins), 1);
  EXPECT_NE(chip.reg[5], 0);
  EXPECT_EQ(chip.reg[0] & 7U, 3U) << "triggered again";
}

TEST(Ina219, AnIntervalBeyondItsLongestAverageLeavesItItsOwnPeriod) {
  FakeIna219 chip;
  const Outcome r = run(chip, 3, "", 1);
  EXPECT_THAT(r.info.description, HasSubstr("x128"));
  EXPECT_TRUE(r.info.paces_itself);
  EXPECT_NEAR(r.info.nominal_period_s, 0.1362, 1e-6);
  EXPECT_NEAR(static_cast<double>(r.good()), 3 / 0.1362, 2);
}

TEST(Ina219, AMissingAcknowledgeIsRetriedAndThenAGapNever0W) {
  FakeIna219 chip;
  int step = 0;
  const Outcome retried = run(chip, 0.5, "", 0, 400e3, [&] {
    if (++step == 100) chip.nack = 2;
  });
  EXPECT_EQ(retried.good(), retried.readings.size());

  FakeIna219 unplugged;
  step = 0;
  const Outcome lost = run(unplugged, 0.5, "", 0, 400e3, [&] {
    if (++step == 100) unplugged.nack = 12;
    if (unplugged.nack == 3) unplugged.reset();
  });
  EXPECT_EQ(lost.readings.size() - lost.good(), 5U) << "four failed polls and the reset";
  EXPECT_GT(lost.good(), 350U);
  for (const Reading& r : lost.readings) {
    EXPECT_EQ(!std::isfinite(r.power_W), (r.flags & gap_begins) != 0);
  }
  for (std::size_t i = 1; i < lost.readings.size(); ++i) ASSERT_GT(lost.readings[i].t_ns, lost.readings[i - 1].t_ns);
}

TEST(Ina219, AfterAHangEveryConversionIsReadAgainWhereverInItsCycleTheChipIs) {
  for (TimeNs more = 0; more < 16; ++more) {
    FakeIna219 chip;
    const TimeNs hangs_from = chip.clock->now() + 500'000'000;
    const TimeNs length = 800'000'000 + more * 532'000;  // of a pair of 8.5 ms
    const Outcome r = run(chip, 2, "&adc=x8", 0, 400e3, [&] {
      if (chip.hangs_until == 0 && chip.clock->now() >= hangs_from) chip.hangs_until = chip.clock->now() + length;
    });
    std::size_t after = 0;
    for (const Reading& reading : r.readings)
      if (std::isfinite(reading.power_W) && reading.t_ns > chip.hangs_until) ++after;
    // The last transaction that times out, and two cycles until the end of a conversion has been seen.
    const double left_s = to_seconds(chip.clock->now() - chip.hangs_until) - 0.06;
    EXPECT_GE(static_cast<double>(after), left_s / 8.52e-3 - 3) << "a hang of " << to_seconds(length) << " s";
  }
}

TEST(Ina219, AChipThatNeverGetsReadyGivesGapsAndDoesNotHang) {
  FakeIna219 chip;
  chip.stuck = true;
  const Outcome r = run(chip, 1);
  EXPECT_EQ(r.good(), 0U);
  EXPECT_GT(r.readings.size(), 10U);
  EXPECT_LT(r.readings.size(), 100U);
}

TEST(Ina219, AChipThatDoesNotAnswerIsNoMeter) {
  FakeIna219 chip;
  chip.nack = 1'000'000;
  EXPECT_THROW(run(chip, 0.1), MeterUnavailable);
}

TEST(Ina219, At100kHzItAveragesInHardwareAndSaysSo) {
  FakeIna219 chip;
  chip.transaction_ns = 470'000;
  const Outcome r = run(chip, 3, "", 0, 100e3);
  EXPECT_THAT(r.info.description, AllOf(HasSubstr("x4"), HasSubstr("continuous"), HasSubstr("100 kHz")));
  EXPECT_GE(static_cast<double>(r.good()), 0.98 * static_cast<double>(r.conversions));
}

TEST(Ina219, AnAdcSettingThatTheBusCannotFollowIsTriggered) {
  FakeIna219 chip;
  chip.transaction_ns = 470'000;
  chip.amps = [](TimeNs t) { return to_seconds(t - 1'000'000'000); };
  const Outcome r = run(chip, 1, "&adc=12", 0, 100e3);
  EXPECT_THAT(r.info.description, HasSubstr("triggered"));
  EXPECT_EQ(chip.reg[0] & 7U, 3U);
  EXPECT_GE(static_cast<double>(r.good()), 0.95 / r.info.nominal_period_s);
  EXPECT_LE(static_cast<double>(r.transactions), 3.1 * static_cast<double>(r.good()));
  for (const Reading& reading : r.readings) ASSERT_NEAR(reading.amps_A, to_seconds(reading.t_ns - 1'000'000'000), 0.2e-3);
}

TEST(Ina219, TheRequestedIntervalIsAveragedInHardware) {
  FakeIna219 chip;
  const Outcome r = run(chip, 2, "", 0.02);
  EXPECT_THAT(r.info.description, HasSubstr("x16"));
  EXPECT_NEAR(r.info.averaging_s, 0.01702, 1e-6);
  EXPECT_GE(static_cast<double>(r.good()), 0.98 * static_cast<double>(r.conversions));
}

TEST(Ina219, BadOptionsAreRefusedBeforeTheBusIsOpened) {
  for (const char* bad : {"adr=0x41", "addr=0x50", "shunt_ohm=0", "shunt_ohm=nan", "adc=13", "brng=20", "addr=64x",
                          "gain_pct=-1", "gap_limit=x"}) {
    EXPECT_THROW(open_meter(std::string("ina219:///dev/i2c-none?") + bad), BadMeterUri) << bad;
  }
  EXPECT_THROW(open_meter("ina219://"), BadMeterUri);
  for (const auto& [removed, instead] :
       {std::pair{"badc=9", "adc sets both"}, {"sadc=x4", "adc sets both"}, {"pga=40", "max_A chooses"}}) {
    const auto uri = std::string("ina219:///dev/i2c-none?") + removed;
    EXPECT_THAT(test::message_of<BadMeterUri>([&] { open_meter(uri); }), HasSubstr(instead));
  }
}

TEST(Ina219, TheUserCanStateTheAccuracy) {
  FakeIna219 chip;
  const Outcome r = run(chip, 0.1, "&gain_pct=0.2&offset_A=0.0001");
  EXPECT_DOUBLE_EQ(*r.info.accuracy.gain_limit_rel, 0.002);
  EXPECT_DOUBLE_EQ(*r.info.accuracy.offset_limit_A, 0.0001);
}

TEST(I2cBus, AMissingBusSaysHowToEnableIt) {
  try {
    open_meter("ina219:///dev/i2c-none?addr=0x41");
    FAIL();
  } catch (const MeterUnavailable& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("/dev/i2c-none"), HasSubstr("dtparam=i2c_arm=on")));
  }
}

TEST(I2cBus, ADeviceThatIsNoI2cBusIsRefused) {
  EXPECT_THROW(LinuxI2cBus("/dev/null", 0x40), MeterUnavailable);
}

TEST(I2cBus, ABoundDriverAndTheBusClockAreFoundInSysfs) {
  const TemporaryFolder sys;
  const auto devices = sys / "bus/i2c/devices/1-0040";
  std::filesystem::create_directories(devices);
  EXPECT_EQ(bound_driver("/dev/i2c-1", 0x40, sys.path()), "");
  std::filesystem::create_directory_symlink("../../drivers/ina2xx", devices / "driver");
  EXPECT_EQ(bound_driver("/dev/i2c-1", 0x40, sys.path()), "ina2xx");
  EXPECT_EQ(bound_driver("/dev/i2c-1", 0x41, sys.path()), "");

  EXPECT_EQ(bus_clock_hz("/dev/i2c-1", sys.path()), 0);
  std::filesystem::create_directories(sys / "class/i2c-dev/i2c-1/device/of_node");
  std::ofstream(sys / "class/i2c-dev/i2c-1/device/of_node/clock-frequency", std::ios::binary)
      << std::string("\x00\x06\x1a\x80", 4);
  EXPECT_EQ(bus_clock_hz("/dev/i2c-1", sys.path()), 400e3);
}

}  // namespace
}  // namespace tbft::power
