#include "tests/coverage/meters.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "power/meters/list.h"
#include "tbft/power/uri.h"
#include "tests/support/fake_converter.h"
#include "tests/support/fake_ina219.h"
#include "tests/support/fake_tree.h"

namespace tbft::coverage {
namespace {

using power::MeterInfo;
using power::parse_meter_uri;
using power::testing::FakeTree;

MeterInfo ina219_info(const std::string& uri) {
  power::testing::FakeIna219 chip;
  return power::make_ina219(parse_meter_uri(uri), 0, std::make_unique<power::testing::FakeIna219Bus>(chip), chip.clock, 400e3)
      ->info();
}

template <typename Chip, typename Make, typename... Ready>
MeterInfo converter_info(const std::string& uri, Make make, Ready... ready) {
  Chip chip;
  return make(parse_meter_uri(uri), 0, std::make_unique<power::testing::FakeConverterBus>(chip), chip.clock, 400e3, ready...)
      ->info();
}

MeterInfo nvml_info() {
  power::Roots roots;
  roots.nvml = FAKE_NVML_LIBRARY;
  ::setenv("FAKE_NVML", "energy=5000000000123", 1);
  return power::open_nvml(parse_meter_uri("nvml://0?gain_pct=5"), 0, roots)->info();
}

MeterInfo hwmon_info() {
  const FakeTree tree;
  const auto dir = tree.hwmon(3, "ina219", "1-0040");
  tree.put(dir + "in0_input", "12");
  tree.put(dir + "in1_input", "5000");
  tree.put(dir + "curr1_input", "1200");
  tree.put(dir + "power1_input", "6000000");
  tree.put(dir + "shunt_resistor", "10000");
  return power::open_hwmon(parse_meter_uri("hwmon://ina219?shunt_ohm=0.1"), 0, tree.roots)->info();
}

MeterInfo rapl_info() {
  const FakeTree tree;
  const std::string dir = "sys/class/powercap/intel-rapl:0/";
  tree.put(dir + "name", "package-0");
  tree.put(dir + "max_energy_range_uj", "262143328850");
  tree.put(dir + "energy_uj", "1000");
  return power::open_rapl(parse_meter_uri("rapl://package-0?gain_pct=3"), 0, tree.roots)->info();
}

MeterInfo battery_info() {
  const FakeTree tree;
  const std::string dir = "sys/class/power_supply/BAT0/";
  tree.put(dir + "type", "Battery");
  tree.put(dir + "status", "Discharging");
  tree.put(dir + "current_now", "1500000");
  tree.put(dir + "voltage_now", "12000000");
  return power::open_power_supply(parse_meter_uri("power_supply://BAT0?gain_pct=2&offset_A=0.01"), 0, tree.roots)->info();
}

// USB meters: no maker states an accuracy, so the user's is taken for the truth. They take new values once or twice a second,
// seen up to a poll and a frame late. How long a value looks at the load is not known: the worst is a moment before it is sent.
DeviceKind usb_meter(double period_s, double amps_step_A, double volts_step_V, double latest_s) {
  return {.period_s = period_s,
          .period_tolerance = 0.02,
          .amps_from = 0.95,
          .volts_from = 0.95,
          .latest_s = latest_s,
          .amps_step_A = amps_step_A,
          .volts_step_V = volts_step_V,
          .gain_limits = {0.01},
          .offset_A = 2e-3};
}
constexpr const char* users_accuracy = ":///dev/ttyUSB0?gain_pct=1&offset_A=0.002";

template <typename Make>
MeterInfo serial_info(const std::string& name, Make make) {
  return make(parse_meter_uri(name + users_accuracy), nullptr, power::steady_clock())->info();
}

}  // namespace

std::vector<MeterCase> meter_cases() {
  std::vector<MeterCase> list;
  // Shunt, then bus; 1 % of the amplifier and 200 uV on 0.1 ohm, 1 % of the shunt, 1 % of the bus voltage.
  const DeviceKind ina219{.period_s = 1.064e-3,
                          .period_tolerance = 0.1,
                          .amps_to = 0.5,
                          .volts_from = 0.5,
                          .stamp = 0.25,
                          .amps_step_A = 1e-4,
                          .volts_step_V = 4e-3,
                          .volts_floor = true,
                          .gain_limits = {0.01, 0.01, 0.01},
                          .offset_A = 2e-3};
  list.push_back({"ina219", ina219, ina219_info("ina219:///dev/i2c-1?shunt_ohm=0.1")});
  // Shunt and bus in turns, 588 us each; 0.1 ohm of 1 %.
  DeviceKind turns{.period_s = 1.176e-3, .period_tolerance = 0.1, .amps_to = 0.5, .volts_from = 0.5, .stamp = 0.25};
  DeviceKind ina226 = turns;
  ina226.amps_step_A = 25e-6;
  ina226.volts_step_V = 1.25e-3;
  ina226.gain_limits = {0.003, 0.003, 0.01};
  ina226.offset_A = 140e-6;
  ina226.offset_V = 7.5e-3;
  list.push_back(
      {"ina226", ina226,
       converter_info<power::testing::FakeIna226>("ina226:///dev/i2c-1?shunt_ohm=0.1", power::make_word_converter, nullptr)});
  DeviceKind ina260 = turns;
  ina260.amps_step_A = ina260.volts_step_V = 1.25e-3;
  ina260.gain_limits = {0.005, 0.003};
  ina260.offset_A = 7e-3;
  ina260.offset_V = 7.5e-3;
  list.push_back({"ina260", ina260,
                  converter_info<power::testing::FakeIna226>("ina260:///dev/i2c-1", power::make_word_converter, nullptr)});
  DeviceKind ina3221 = turns;
  ina3221.amps_step_A = 400e-6;
  ina3221.volts_step_V = 8e-3;
  ina3221.gain_limits = {0.0045, 0.0045, 0.01};
  ina3221.offset_A = 1e-3;
  ina3221.offset_V = 16e-3;
  list.push_back({"ina3221", ina3221,
                  converter_info<power::testing::FakeIna3221>("ina3221:///dev/i2c-1?channel=1&shunt_ohm=0.1",
                                                              power::make_word_converter, nullptr)});
  // Counts joules itself, in steps of 16 x 3.2 x 312.5 nV / 15 mohm.
  DeviceKind ina228{
      .period_s = 1.08e-3, .period_tolerance = 0.1, .energy_step_J = 1.0667e-3, .counter = true, .gain_limits = {0.01, 0.01}};
  ina228.offset_A = 67e-6;
  ina228.offset_V = 2.5e-3;
  list.push_back(
      {"ina228", ina228,
       converter_info<power::testing::FakeIna228>("ina228:///dev/i2c-1?shunt_ohm=0.015", power::make_ina228, nullptr)});
  list.push_back({"um24c", usb_meter(0.5, 1e-3, 1e-2, 0.2), serial_info("um24c", power::make_rd_um)});
  list.push_back({"um25c", usb_meter(0.5, 1e-4, 1e-3, 0.2), serial_info("um25c", power::make_rd_um)});
  list.push_back({"um34c", usb_meter(0.5, 1e-3, 1e-2, 0.2), serial_info("um34c", power::make_rd_um)});
  list.push_back({"tc66", usb_meter(0.5, 1e-5, 1e-4, 0.15), serial_info("tc66", power::make_tc66)});
  list.push_back({"atorch", usb_meter(1.0, 1e-2, 1e-2, 0.05), serial_info("atorch", power::make_atorch)});
  // The same chip read every 2 ms through the kernel: its latest pair, of any age; steps of the power register.
  DeviceKind hwmon = ina219;
  hwmon.period_s = 2e-3;
  hwmon.period_tolerance = 0.01;
  hwmon.amps_to = 0.266;
  hwmon.volts_from = 0.266;
  hwmon.volts_to = 0.532;
  hwmon.stamp = 0.133;
  hwmon.latest_s = 1.064e-3;
  hwmon.amps_step_A = hwmon.volts_step_V = 0;
  hwmon.power_step_W = 2e-3;
  list.push_back({"hwmon", hwmon, hwmon_info()});
  list.push_back({"rapl",
                  {.period_s = 0.01,
                   .period_tolerance = 0.01,
                   .latest_s = 1e-3,
                   .energy_step_J = 61e-6,
                   .counter = true,
                   .gain_limits = {0.03}},
                  rapl_info()});
  list.push_back({"power_supply",
                  {.period_s = 1,
                   .period_tolerance = 0.05,
                   .latest_s = 1,
                   .amps_step_A = 1e-3,
                   .volts_step_V = 1e-3,
                   .gain_limits = {0.02},
                   .offset_A = 0.01},
                  battery_info()});
  // pmic:// is not here: nobody states its offset, so it never claims U.
  list.push_back({"nvml",
                  {.period_s = 0.1,
                   .period_tolerance = 0.01,
                   .latest_s = 0.1,
                   .energy_step_J = 1e-3,
                   .counter = true,
                   .gain_limits = {0.05}},
                  nvml_info()});
  return list;
}

}  // namespace tbft::coverage
