#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tbft/power/energy.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::FakeTree;
using ::testing::HasSubstr;

constexpr TimeNs second = 1'000'000'000;

class PowerSupplyTest : public ::testing::Test {
 protected:
  void battery(const std::string& name = "BAT0", const std::string& status = "Discharging") const {
    put("type", "Battery\n", name);
    put("status", status + "\n", name);
  }
  void put(const std::string& file, const std::string& text, const std::string& name = "BAT0") const {
    tree.put("sys/class/power_supply/" + name + "/" + file, text);
  }
  std::unique_ptr<Meter> open(const std::string& uri) const {
    auto meter = open_power_supply(parse_meter_uri(uri), 0, tree.roots);
    meter->start(0);
    return meter;
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

TEST_F(PowerSupplyTest, DischargingIsPositiveWhateverSignTheDriverGives) {
  battery();
  for (const char* text : {"12500000", "-12500000"}) {
    put("power_now", text);
    const auto meter = open("power_supply://BAT0");
    EXPECT_DOUBLE_EQ(meter->poll(second)->power_W, 12.5);
    EXPECT_EQ(meter->info().scope, Scope::battery);
  }
}

TEST_F(PowerSupplyTest, CurrentTimesVoltageWhereThereIsNoPower) {
  battery();
  put("current_now", "-1500000");
  put("voltage_now", "12000000");
  const auto meter = open("power_supply://");
  const auto r = meter->poll(second);
  EXPECT_DOUBLE_EQ(r->power_W, 18);
  EXPECT_DOUBLE_EQ(r->volts_V, 12);
  EXPECT_DOUBLE_EQ(r->amps_A, 1.5);
}

TEST_F(PowerSupplyTest, TheChargeCountersAreTheLastResort) {
  battery();
  put("energy_now", "40000000");
  const auto energy = open("power_supply://BAT0");
  EXPECT_TRUE(energy->info().counter);
  EXPECT_DOUBLE_EQ(energy->poll(second)->energy_J, 0);
  put("energy_now", "39990000");  // 10 mWh
  EXPECT_DOUBLE_EQ(energy->poll(2 * second)->energy_J, 36);
  tree.remove("sys/class/power_supply/BAT0/energy_now");
  put("charge_now", "1000000");
  put("voltage_now", "10000000");
  const auto charge = open("power_supply://BAT0");
  charge->poll(second);
  put("charge_now", "999000");  // 1 mAh at 10 V
  EXPECT_DOUBLE_EQ(charge->poll(2 * second)->energy_J, 36);
}

// A gauge's own steps are coarser than the unit of its file.
TEST_F(PowerSupplyTest, TheGaugesStepIsInTheResolution) {
  battery();
  put("energy_now", "40000000");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_J, 36) << "10 mWh";
  put("energy_now", "40003000");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_J, 3.6) << "shown to be finer: 1 mWh";
  tree.remove("sys/class/power_supply/BAT0/energy_now");
  put("voltage_now", "20000000");
  put("charge_now", "4000000");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_J, 72) << "1 mAh at 20 V";
  put("charge_now", "4000100");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_J, 7.2) << "0.1 mAh";
  put("voltage_now", "3900000");
  put("charge_now", "4000000");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_J, 36) << "not finer than 10 mWh";
  put("current_now", "1500000");
  EXPECT_DOUBLE_EQ(open("power_supply://")->info().accuracy.resolution_A, 1e-3);
}

TEST_F(PowerSupplyTest, AGaugeThatDidNotMoveSaysLittle) {
  battery();
  put("energy_now", "40000000");
  const auto meter = open("power_supply://");
  std::vector<Reading> readings;
  for (int i = 1; i <= 12; ++i) readings.push_back(*meter->poll(i * second));
  const Energy e = energy(readings, {.name = "w", .t0_ns = 2 * second, .t1_ns = 10 * second}, meter->info());
  EXPECT_GT(e.U_random_J, 25);
}

TEST_F(PowerSupplyTest, AStepThatWasSeenCountsWhereItIsCoarser) {
  battery();
  put("energy_now", "40001000");
  const auto meter = open("power_supply://");
  std::vector<Reading> readings;
  for (int i = 1; i <= 30; ++i) {
    put("energy_now", std::to_string(40001000 - i / 10 * 100000));  // 100 mWh at once
    readings.push_back(*meter->poll(i * second));
  }
  const Energy e = energy(readings, {.name = "w", .t0_ns = 3 * second, .t1_ns = 27 * second}, meter->info());
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_GT(e.U_random_J, 2 * 360 / std::sqrt(6) * 0.99);
}

TEST_F(PowerSupplyTest, WhatNoBatteryGivesIsRefusedAndLaterAFailedRead) {
  battery();
  put("voltage_now", "3900000");
  put("current_now", "4294966846");
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://BAT0"), AllOf(HasSubstr("cannot give"), HasSubstr("-450")));
  EXPECT_EQ(find_power_supply(tree.roots).at(0).state, MeterState::unusable);
  put("current_now", "450000");
  const auto meter = open("power_supply://BAT0");
  EXPECT_DOUBLE_EQ(meter->poll(second)->power_W, 3.9 * 0.45);
  put("current_now", "4294966846");
  const auto gap = meter->poll(2 * second);
  EXPECT_EQ(gap->flags, gap_begins);
  EXPECT_TRUE(std::isnan(gap->power_W));
  // 16 bits of milliamperes, no battery of 12 Wh: six minutes at the most.
  put("current_now", "65500000");
  put("energy_full_design", "12000000");
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://BAT0"), HasSubstr("cannot give"));
}

TEST_F(PowerSupplyTest, AGaugeThatWasSetAnewSpendsNothing) {
  battery();
  put("energy_now", "40000000");
  put("energy_full_design", "50000000");
  const auto meter = open("power_supply://BAT0");
  meter->poll(second);
  put("energy_now", "30000000");  // 10 Wh within a second
  EXPECT_EQ(meter->poll(2 * second)->flags, gap_begins);
  put("energy_now", "29990000");
  const auto r = meter->poll(3 * second);
  EXPECT_EQ(r->flags, reinitialised);
  EXPECT_DOUBLE_EQ(r->energy_J, 0);
  put("energy_now", "29980000");
  EXPECT_DOUBLE_EQ(meter->poll(4 * second)->energy_J, 36);
}

TEST_F(PowerSupplyTest, ABatteryThatChargesIsRefusedAndLaterMakesGaps) {
  battery("BAT0", "Charging");
  put("power_now", "5000000");
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://BAT0"), HasSubstr("unplug"));
  EXPECT_EQ(find_power_supply(tree.roots).at(0).state, MeterState::unusable);
  put("status", "Discharging");
  EXPECT_EQ(find_power_supply(tree.roots).at(0).state, MeterState::ready);
  const auto meter = open("power_supply://BAT0");
  for (const char* status : {"Charging", "Full", "Not charging", ""}) {
    put("status", "Discharging");
    EXPECT_TRUE(std::isfinite(meter->poll(10 * second)->power_W));
    put("status", status);
    const auto gap = meter->poll(20 * second);
    EXPECT_EQ(gap->flags, gap_begins) << status;
    EXPECT_TRUE(std::isnan(gap->power_W)) << status;
    meter->start(0);
  }
}

TEST_F(PowerSupplyTest, WhatWasChargedMeanwhileIsNotSpentAndWhatWasSpentIsLost) {
  battery();
  put("energy_now", "40000000");
  const auto meter = open("power_supply://BAT0");
  meter->start(0);
  meter->poll(second);
  put("status", "Charging");
  meter->poll(2 * second);
  put("status", "Discharging");
  put("energy_now", "41000000");
  const auto after = meter->poll(3 * second);
  EXPECT_DOUBLE_EQ(after->energy_J, 0);
  EXPECT_EQ(after->flags, reinitialised) << "a window that holds it must not look whole";
  put("energy_now", "40999000");
  EXPECT_EQ(meter->poll(4 * second)->flags, 0);
}

TEST_F(PowerSupplyTest, AGaugeThatStandsStillRepeatsItself) {
  battery();
  put("power_now", "5000000");
  const auto meter = open("power_supply://BAT0?refresh=2");
  EXPECT_EQ(meter->poll(10 * second)->flags, 0);
  EXPECT_EQ(meter->poll(11 * second)->flags, repeated);
  EXPECT_EQ(meter->poll(12 * second)->flags, 0);
  put("power_now", "5000001");
  EXPECT_EQ(meter->poll(12 * second + 1)->flags, 0);
}

TEST_F(PowerSupplyTest, OnlyTheMachinesOwnBatteriesCount) {
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://"), HasSubstr("none"));
  battery("hidpp_battery_0");
  put("scope", "Device", "hidpp_battery_0");
  put("type", "Mains", "AC");
  battery("BAT1");
  put("power_now", "1", "BAT1");
  put("present", "0", "BAT1");
  EXPECT_TRUE(find_power_supply(tree.roots).empty());
  put("present", "1", "BAT1");
  battery("BAT0");
  EXPECT_THAT(error_of<BadMeterUri>("power_supply://"), HasSubstr("power_supply://BAT1"));
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://BAT0"), HasSubstr("power_now"));
  EXPECT_THAT(error_of<MeterUnavailable>("power_supply://BAT7"), HasSubstr("BAT0"));
}

}  // namespace
}  // namespace tbft::power
