#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tbft/power/energy.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::FakeTree;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeNs ms = 1'000'000;

class HwmonTest : public ::testing::Test {
 protected:
  std::string ina219(int number = 3, const std::string& address = "1-0040", const std::string& shunt = "10000") const {
    const auto dir = tree.hwmon(number, "ina219", address);
    tree.put(dir + "in0_input", "12\n");
    tree.put(dir + "in1_input", "5000\n");
    tree.put(dir + "curr1_input", "1200\n");
    tree.put(dir + "power1_input", "6000000\n");
    tree.put(dir + "shunt_resistor", shunt);
    return dir;
  }
  std::string ina3221() const {
    const auto dir = tree.hwmon(1, "ina3221", "1-0041");
    const char* const labels[] = {"VDD_CPU", "VDD_IN", "VDD_SOC"};
    for (int i = 1; i <= 3; ++i) {
      const auto n = std::to_string(i);
      tree.put(dir + "in" + n + "_label", labels[i - 1]);
      tree.put(dir + "in" + n + "_input", std::to_string(5000 + i));
      tree.put(dir + "in" + std::to_string(i + 3) + "_input", "40");  // shunt voltages
      tree.put(dir + "curr" + n + "_input", std::to_string(100 * i));
      tree.put(dir + "shunt" + n + "_resistor", "10000");
    }
    tree.put(dir + "in7_input", "120");
    tree.put(dir + "in7_label", "sum of shunt voltages");
    tree.put(dir + "curr4_input", "600");
    tree.put(dir + "update_interval", "8");
    return dir;
  }
  std::unique_ptr<Meter> open(const std::string& uri, double interval_s = 0) const {
    return open_hwmon(parse_meter_uri(uri), interval_s, tree.roots);
  }
  template <typename Error>
  std::string error_of(const std::string& uri) const {
    try {
      open(uri);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  FakeTree tree;
};

TEST_F(HwmonTest, TheDefaultShuntIsRefusedWithTheFix) {
  ina219();
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina219"),
              AllOf(HasSubstr("10000 uohm"), HasSubstr("hwmon://ina219?shunt_ohm=0.1"), HasSubstr("shunt_resistor")));
}

TEST_F(HwmonTest, AShuntThatTheDriverWasToldIsTaken) {
  ina219(3, "1-0040", "100000");
  const auto meter = open("hwmon://ina219");
  meter->start(0);
  EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, 6.0);
  EXPECT_NEAR(meter->info().accuracy.resolution_W, 0.002, 1e-12) << "20 steps of 10 uV / 0.1 ohm at about 5 V: 2 mW";
  EXPECT_NEAR(*meter->info().accuracy.offset_limit_A, 0.002, 1e-12);
}

TEST_F(HwmonTest, WhatTheDriverComputesWithTheWrongShuntIsScaled) {
  const auto dir = ina219();
  const auto meter = open("hwmon://ina219?shunt_ohm=0.1");
  EXPECT_THAT(meter->info().description, AllOf(HasSubstr("assumes 0.01 ohm"), HasSubstr("multiplied by 0.1")));
  meter->start(0);
  const auto r = meter->poll(ms);
  ASSERT_TRUE(r);
  EXPECT_DOUBLE_EQ(r->power_W, 0.6);
  EXPECT_DOUBLE_EQ(r->amps_A, 0.12);
  EXPECT_DOUBLE_EQ(r->volts_V, 5.0);
  EXPECT_EQ(r->flags, 0);
  tree.put(dir + "curr1_input", "32000");  // 320 mV on what the driver takes for 10 mohm
  EXPECT_EQ(meter->poll(10 * ms)->flags, saturated);
}

TEST_F(HwmonTest, ACurrentThatFlowsBackIsANegativePower) {
  const auto dir = ina219();
  tree.put(dir + "curr1_input", "-1200");
  const auto meter = open("hwmon://ina219?shunt_ohm=0.01");
  meter->start(0);
  EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, -6.0);
}

TEST_F(HwmonTest, AFailedReadIsAGapAndWhatComesNextIsAReading) {
  const auto dir = ina219();
  const auto meter = open("hwmon://ina219?shunt_ohm=0.1");
  meter->start(0);
  meter->poll(ms);
  for (const char* file : {"power1_input", "in1_input", "curr1_input"}) {
    tree.put(dir + file, "");
    const auto gap = meter->poll(5 * ms);
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->flags, gap_begins);
    EXPECT_TRUE(std::isnan(gap->power_W));
    EXPECT_FALSE(meter->poll(5 * ms)) << "asked twice at one instant";
    tree.put(dir + file, "6000");
    EXPECT_TRUE(std::isfinite(meter->poll(9 * ms)->power_W));
    meter->start(0);
  }
}

TEST_F(HwmonTest, PollingAllocatesNothing) {
  ina219();
  const auto meter = open("hwmon://ina219?shunt_ohm=0.1");
  meter->start(0);
  const auto before = testing::allocations();
  for (int i = 1; i < 100; ++i) meter->poll(i * ms);
  EXPECT_EQ(testing::allocations(), before);
}

TEST_F(HwmonTest, TwoOfOneNameAreToldApartByTheirDeviceAndNeverByTheirNumber) {
  ina219(0, "1-0041", "100000");
  const auto first = ina219(7, "1-0040", "100000");
  tree.put(first + "power1_input", "1000000");
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina219"),
              AllOf(HasSubstr("index=0 path=1-0040"), HasSubstr("index=1 path=1-0041")));
  const auto watts = [&](const std::string& option) {
    const auto meter = open("hwmon://ina219?" + option);
    meter->start(0);
    return meter->poll(ms)->power_W;
  };
  EXPECT_DOUBLE_EQ(watts("path=1-0040"), 1.0);
  EXPECT_DOUBLE_EQ(watts("index=0"), 1.0);
  EXPECT_DOUBLE_EQ(watts("path=1-0041"), 6.0);
  EXPECT_DOUBLE_EQ(watts("path=" + (tree / "sys/devices/platform/i2c-1/1-0041").string()), 6.0);
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina219?path=1-0042"), HasSubstr("1-0041"));
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina219?index=2"), HasSubstr("1-0041"));
}

TEST_F(HwmonTest, ANameThatIsNotThereListsThoseThatAre) {
  ina219();
  EXPECT_THAT(error_of<MeterUnavailable>("hwmon://ina226"), HasSubstr("ina219"));
  EXPECT_THROW(open("hwmon://"), BadMeterUri);
  EXPECT_THROW(open("hwmon://ina219?shunt_ohm=0.1&what=1"), BadMeterUri);
  EXPECT_THROW(open("hwmon://ina219?shunt_ohm=0.1&scope=galaxy"), BadMeterUri);
}

TEST_F(HwmonTest, OfSeveralRailsTheInputIsTakenAloneAndOthersByLabel) {
  ina3221();
  const auto in = open("hwmon://ina3221");
  in->start(0);
  const auto r = in->poll(ms);
  EXPECT_DOUBLE_EQ(r->power_W, 5.002 * 0.2) << "VDD_IN alone: it contains the others";
  EXPECT_EQ(in->info().scope, Scope::board);
  EXPECT_DOUBLE_EQ(in->info().nominal_period_s, 0.008);
  EXPECT_DOUBLE_EQ(in->info().accuracy.resolution_A, 4e-3) << "40 uV on 10 mOhm";
  EXPECT_DOUBLE_EQ(in->info().accuracy.resolution_V, 8e-3);
  EXPECT_FALSE(in->info().accuracy.gain_limit_rel) << "unknown unless told";
  const auto soc = open("hwmon://ina3221?label=VDD_SOC");
  soc->start(0);
  EXPECT_DOUBLE_EQ(soc->poll(ms)->power_W, 5.003 * 0.3);
  EXPECT_EQ(soc->info().scope, Scope::rail);
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina3221?label=VDD_GPU"), HasSubstr("label=VDD_SOC (curr3)"));
  EXPECT_THROW(open("hwmon://ina3221?channel=4"), BadMeterUri) << "the sum of currents is no rail";
}

TEST_F(HwmonTest, AnIna260RoundsAsItsRegistersDo) {
  const auto dir = tree.hwmon(3, "ina260", "1-0040");
  tree.put(dir + "in1_input", "5000");
  tree.put(dir + "curr1_input", "400");
  EXPECT_DOUBLE_EQ(open("hwmon://ina260")->info().accuracy.resolution_A, 1.25e-3);
  tree.put(dir + "power1_input", "2000000");
  EXPECT_DOUBLE_EQ(open("hwmon://ina260")->info().accuracy.resolution_W, 10e-3);
}

TEST_F(HwmonTest, WithoutAnInputRailNothingIsGuessed) {
  const auto dir = ina3221();
  tree.put(dir + "in2_label", "VDD_GPU");
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://ina3221"), AllOf(HasSubstr("label=VDD_GPU"), HasSubstr("label=VDD_CPU")));
}

// A POWER-Z KM003C: its one current is that of VBUS, not of VCC1, which has its number.
TEST_F(HwmonTest, AUsbMetersCurrentBelongsToVbus) {
  const auto dir = tree.hwmon(0, "powerz", "3-1");
  tree.put(dir + "curr1_input", "800");
  tree.put(dir + "curr1_label", "IBUS");
  const std::pair<const char*, const char*> volts[] = {{"VBUS", "5100"}, {"VCC1", "410"}, {"VCC2", "60"}};
  for (int i = 0; i < 3; ++i) {
    tree.put(dir + "in" + std::to_string(i) + "_label", volts[i].first);
    tree.put(dir + "in" + std::to_string(i) + "_input", volts[i].second);
  }
  const auto meter = open("hwmon://powerz");
  meter->start(0);
  EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, 5.1 * 0.8);
}

TEST_F(HwmonTest, RailsArePairedByWhatTheirLabelsMeanWhateverTheirNumbers) {
  const struct {
    const char *driver, *current, *other_voltage, *voltage;
  } cases[] = {{"pmbus", "iout1", "vcap", "vout1"},
               {"tps53679", "iout2.0", "vout1", "vout2"},
               {"k10temp", "Isoc", "Vcore", "Vsoc"},
               {"d5next", "Pump current", "Fan voltage", "Pump voltage"},
               {"scpi_sensors", "VDD_BIG", "VDD_LITTLE", "VDD_BIG"}};
  for (const auto& c : cases) {
    const auto dir = tree.hwmon(0, c.driver, "1-0010");
    tree.put(dir + "curr1_input", "20000");
    tree.put(dir + "curr1_label", c.current);
    tree.put(dir + "in1_input", "48000");  // of the same number
    tree.put(dir + "in1_label", c.other_voltage);
    tree.put(dir + "in3_input", "1000");
    tree.put(dir + "in3_label", c.voltage);
    const auto meter = open(std::string("hwmon://") + c.driver + "?label=" + c.current);
    meter->start(0);
    EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, 20) << c.driver;
    EXPECT_THAT(meter->info().description, HasSubstr("curr1 " + std::string(c.current) + " x in3")) << c.driver;
    tree.remove("sys/class/hwmon/hwmon0");
    tree.remove("sys/devices");
  }
}

TEST_F(HwmonTest, APowerTakesSignAndVoltsFromItsOwnRail) {
  const auto dir = tree.hwmon(0, "pmbus", "1-0010");
  tree.put(dir + "power1_input", "20000000");
  tree.put(dir + "power1_label", "pout1");
  tree.put(dir + "curr1_input", "-2000");
  tree.put(dir + "curr1_label", "iin");
  tree.put(dir + "curr2_input", "20000");
  tree.put(dir + "curr2_label", "iout1");
  tree.put(dir + "in1_input", "12000");
  tree.put(dir + "in1_label", "vin");
  tree.put(dir + "in2_input", "1000");
  tree.put(dir + "in2_label", "vout1");
  const auto meter = open("hwmon://pmbus?label=pout1");
  meter->start(0);
  const auto r = meter->poll(ms);
  EXPECT_DOUBLE_EQ(r->power_W, 20) << "the input's current has power1's number";
  EXPECT_DOUBLE_EQ(r->volts_V, 1);
  EXPECT_DOUBLE_EQ(r->amps_A, 20);
}

TEST_F(HwmonTest, AnUnknownPairingIsRefusedWithTheLabelsUntilTheUriSaysIt) {
  const auto dir = tree.hwmon(0, "newchip", "1-0010");
  tree.put(dir + "curr1_input", "2000");
  tree.put(dir + "in0_input", "5000");
  tree.put(dir + "in1_input", "900");
  tree.put(dir + "in1_label", "Vref");
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://newchip"),
              AllOf(HasSubstr("curr1"), HasSubstr("in0, in1 Vref"), HasSubstr("channel=curr1&volts=in0")));
  const auto found = find_hwmon(tree.roots);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].state, MeterState::needs_option);
  EXPECT_THAT(found[0].fix, HasSubstr("volts=in0"));
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://newchip?volts=in7"), HasSubstr("in1 Vref"));
  for (const std::string uri : {"hwmon://newchip?volts=in0", "hwmon://newchip?channel=curr1&volts=in0"}) {
    const auto meter = open(uri);
    meter->start(0);
    EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, 10) << uri;
  }
  // Labels that differ name two things, even where there is one of each.
  tree.remove(dir + "in0_input");
  tree.put(dir + "curr1_label", "VIN current");
  EXPECT_THROW(open("hwmon://newchip"), BadMeterUri);
  tree.remove(dir + "curr1_label");
  tree.remove(dir + "in1_label");
  const auto alone = open("hwmon://newchip");
  alone->start(0);
  EXPECT_DOUBLE_EQ(alone->poll(ms)->power_W, 1.8) << "one current and one voltage";
}

TEST_F(HwmonTest, ARailWhoseVoltageIsKnownIsNotTakenForTheOnlyOne) {
  const auto dir = tree.hwmon(0, "pmbus", "1-0010");
  tree.put(dir + "curr1_input", "2000");
  tree.put(dir + "curr1_label", "iin");
  tree.put(dir + "curr2_input", "20000");
  tree.put(dir + "curr2_label", "iout1");
  EXPECT_THAT(error_of<MeterUnavailable>("hwmon://pmbus?label=iin"), HasSubstr("no voltage"));
  tree.put(dir + "in1_input", "1000");
  tree.put(dir + "in1_label", "vout1");
  EXPECT_THAT(error_of<BadMeterUri>("hwmon://pmbus"),
              AllOf(HasSubstr("label=iin (curr1), voltage unknown"), HasSubstr("label=iout1 (curr2)")));
}

TEST_F(HwmonTest, WhatAFibreModuleSendsAsLightIsNoMeter) {
  const auto dir = tree.hwmon(0, "sfp", "x");
  tree.put(dir + "power1_input", "500");
  tree.put(dir + "power1_label", "TX_power");
  tree.put(dir + "curr1_input", "6");
  tree.put(dir + "curr1_label", "bias");
  tree.put(dir + "in0_input", "3300");
  tree.put(dir + "in0_label", "VCC");
  EXPECT_THROW(open("hwmon://sfp"), BadMeterUri);
  for (const FoundMeter& meter : find_hwmon(tree.roots)) EXPECT_NE(meter.state, MeterState::ready);
}

class Ina238 : public HwmonTest {
 protected:
  std::string sensor(const std::string& name = "ina238") const {
    const auto dir = tree.hwmon(0, name, "1-0040");
    tree.put(dir + "in0_input", "15");
    tree.put(dir + "in1_input", "5000");
    tree.put(dir + "curr1_input", "1500");
    tree.put(dir + "power1_input", "7500000");
    return dir;
  }
};

TEST_F(Ina238, TheShuntIsAskedForAndAppliedWhereTheDriverHasNoFileForIt) {
  for (const std::string name : {"ina228", "ina237", "ina238"}) {
    const auto dir = sensor(name);
    EXPECT_THAT(error_of<BadMeterUri>("hwmon://" + name), AllOf(HasSubstr("10000 uohm"), HasSubstr("?shunt_ohm=0.1")));
    EXPECT_EQ(find_hwmon(tree.roots).at(0).state, MeterState::needs_option);
    const auto meter = open("hwmon://" + name + "?shunt_ohm=0.1");
    EXPECT_EQ(meter->info().scope, Scope::board);
    meter->start(0);
    const auto r = meter->poll(ms);
    EXPECT_DOUBLE_EQ(r->power_W, 0.75);
    EXPECT_DOUBLE_EQ(r->amps_A, 0.15);
    tree.remove("sys/class/hwmon/hwmon0");
    tree.remove("sys/devices");
  }
}

TEST_F(Ina238, TheDeviceTreesShuntIsWhatTheDriverTakes) {
  sensor();
  tree.put("sys/devices/platform/i2c-1/1-0040/of_node/shunt-resistor", std::string("\0\0\x4e\x20", 4));  // 20000
  const auto meter = open("hwmon://ina238");
  meter->start(0);
  EXPECT_DOUBLE_EQ(meter->poll(ms)->power_W, 7.5);
  const auto corrected = open("hwmon://ina238?shunt_ohm=0.1");
  corrected->start(0);
  EXPECT_DOUBLE_EQ(corrected->poll(ms)->power_W, 1.5);
}

TEST_F(Ina238, ItsEnergyCounterIsScaledToo) {
  const auto dir = sensor("ina228");
  tree.put(dir + "energy1_input", "1000000");
  const auto meter = open("hwmon://ina228?shunt_ohm=0.1&channel=energy1");
  meter->start(0);
  EXPECT_DOUBLE_EQ(meter->poll(ms)->energy_J, 0.1);
}

TEST_F(HwmonTest, SiblingsHaveTheStepsOfTheirDriverAndNoStatedAccuracy) {
  const auto dir = tree.hwmon(0, "ina231", "4-0040");
  tree.put(dir + "in1_input", "1000");
  tree.put(dir + "curr1_input", "500");
  tree.put(dir + "power1_input", "500000");
  tree.put(dir + "shunt_resistor", "5000");
  const auto meter = open("hwmon://ina231");
  EXPECT_NEAR(meter->info().accuracy.resolution_W, 0.0125, 1e-12) << "25 steps of 2.5 uV / 5 mohm";
  EXPECT_FALSE(meter->info().accuracy.gain_limit_rel);
  EXPECT_FALSE(meter->info().accuracy.offset_limit_A);
}

TEST_F(HwmonTest, OneOfSeveralSensorsIsNotKnownToBeTheBoards) {
  for (int i = 0; i < 4; ++i) {
    const auto dir = tree.hwmon(i, "ina231", "4-004" + std::to_string(i));
    tree.put(dir + "in1_input", "1000");
    tree.put(dir + "curr1_input", "500");
    tree.put(dir + "power1_input", "500000");
    tree.put(dir + "shunt_resistor", "5000");
  }
  EXPECT_EQ(open("hwmon://ina231?index=2")->info().scope, Scope::rail);
  EXPECT_EQ(open("hwmon://ina231?index=2&scope=board")->info().scope, Scope::board);
  for (const FoundMeter& meter : find_hwmon(tree.roots)) EXPECT_EQ(meter.scope, Scope::rail);
}

TEST_F(HwmonTest, WhatNoSuchSensorCanShowIsAFailedRead) {
  const auto dir = ina219(3, "1-0040", "100000");
  const auto meter = open("hwmon://ina219");
  meter->start(0);
  TimeNs now = 0;
  const auto poll = [&] { return meter->poll(now += 100 * ms); };
  EXPECT_DOUBLE_EQ(poll()->power_W, 6);
  const std::pair<const char*, const char*> damaged[] = {
      {"in1_input", "65535"}, {"curr1_input", "4294967"}, {"power1_input", "4294967295"}, {"power1_input", "4294000000"}};
  for (const auto& [file, text] : damaged) {
    tree.put(dir + file, text);
    const auto r = poll();
    EXPECT_EQ(r->flags, gap_begins) << file << text;
    EXPECT_TRUE(std::isnan(r->power_W)) << file << text;
    EXPECT_THAT(error_of<MeterUnavailable>("hwmon://ina219"), HasSubstr("no such device can have")) << file << text;
    EXPECT_EQ(find_hwmon(tree.roots).at(0).state, MeterState::unusable);
    tree.put(dir + "in1_input", "5000");
    tree.put(dir + "curr1_input", "1200");
    tree.put(dir + "power1_input", "6000000");
  }
  EXPECT_DOUBLE_EQ(poll()->power_W, 6);
}

TEST_F(HwmonTest, AnUnknownDriversSmallNegativePowerWithoutSignIsNot4295W) {
  const auto dir = tree.hwmon(0, "someday", "x");
  tree.put(dir + "power1_input", "1000000");
  const auto meter = open("hwmon://someday");
  meter->start(0);
  tree.put(dir + "power1_input", "4294966846");
  EXPECT_EQ(meter->poll(ms)->flags, gap_begins);
  tree.put(dir + "power1_input", "3500000000");
  EXPECT_DOUBLE_EQ(meter->poll(200 * ms)->power_W, 3500) << "a large server";
}

TEST_F(HwmonTest, AValueThatStandsStillWithinTheUpdateIntervalIsNoNewReading) {
  const auto dir = ina3221();
  const auto meter = open("hwmon://ina3221", 1e-3);
  meter->start(0);
  EXPECT_EQ(meter->poll(10 * ms)->flags, 0);
  EXPECT_EQ(meter->poll(12 * ms)->flags, repeated);
  EXPECT_EQ(meter->poll(17 * ms)->flags, repeated);
  EXPECT_EQ(meter->poll(18 * ms)->flags, 0) << "a constant load: equal, but a new conversion";
  tree.put(dir + "curr2_input", "201");
  EXPECT_EQ(meter->poll(19 * ms)->flags, 0);
}

TEST_F(HwmonTest, CountersAndAveragesOfOtherDriversAreRead) {
  const auto energy = tree.hwmon(2, "meter", "x");
  tree.put(energy + "energy1_input", "1500000");
  const auto counter = open("hwmon://meter");
  EXPECT_TRUE(counter->info().counter);
  counter->start(0);
  EXPECT_DOUBLE_EQ(counter->poll(ms)->energy_J, 1.5);

  const auto average = tree.hwmon(4, "amdgpu", "y");
  tree.put(average + "power1_average", "25000000");
  tree.put(average + "in0_input", "900");
  tree.put(average + "power1_average_interval", "300");
  const auto gpu = open("hwmon://amdgpu");
  gpu->start(0);
  EXPECT_DOUBLE_EQ(gpu->poll(ms)->power_W, 25.0);
  EXPECT_EQ(gpu->info().scope, Scope::package);
  EXPECT_DOUBLE_EQ(gpu->info().averaging_s, 0.3);

  const auto fan = tree.hwmon(5, "fan", "z");
  tree.put(fan + "in0_input", "900");
  EXPECT_THAT(error_of<MeterUnavailable>("hwmon://fan"), HasSubstr("no power"));
}

TEST_F(HwmonTest, EnergyOverAConstantLoadCarriesAnUncertainty) {
  ina219(3, "1-0040", "100000");
  const auto meter = open("hwmon://ina219", 0.01);
  meter->start(0);
  std::vector<Reading> readings;
  for (int i = 1; i <= 120; ++i) readings.push_back(*meter->poll(i * 10 * ms));
  const Energy e = energy(readings, {.name = "w", .t0_ns = 100 * ms, .t1_ns = 1100 * ms}, meter->info());
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 6.0, 1e-9);
  EXPECT_GT(e.U_J, 0.1);  // 1.7 % of gain limits
  EXPECT_LT(e.U_J, 0.13);
}

TEST_F(HwmonTest, WhatIsFoundSaysWhatItNeeds) {
  EXPECT_TRUE(find_hwmon(tree.roots).empty());
  ina219();
  ina3221();
  tree.put(tree.hwmon(9, "cpu_thermal", "t") + "temp1_input", "40000");
  const auto found = find_hwmon(tree.roots);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].uri, "hwmon://ina219");
  EXPECT_EQ(found[0].state, MeterState::needs_option);
  EXPECT_THAT(found[0].fix, HasSubstr("hwmon://ina219?shunt_ohm=0.1"));
  EXPECT_EQ(found[1].state, MeterState::ready);
  EXPECT_EQ(found[1].scope, Scope::board);
}

TEST_F(HwmonTest, WithoutPermissionTheFixIsSaid) {
  const auto dir = ina219(3, "1-0040", "100000");
  tree.forbid(dir + "power1_input");
  const testing::WithoutRights user;
  EXPECT_THAT(error_of<MeterUnavailable>("hwmon://ina219"), HasSubstr("chmod a+r"));
  EXPECT_EQ(find_hwmon(tree.roots).at(0).state, MeterState::no_permission);
}

}  // namespace
}  // namespace tbft::power
