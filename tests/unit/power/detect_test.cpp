#include "tbft/power/detect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tbft/power/firmware.h"
#include "tbft/power/registry.h"
#include "tbft/power/uri.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeTree;
using ::testing::HasSubstr;
using ::testing::Not;

FoundMeter ready(const std::string& uri, Scope scope) {
  return {.uri = uri, .scope = scope, .state = MeterState::ready};
}

TEST(Detect, AutoPrefersTheWidestScopeAndTheProcessorToACard) {
  const std::vector<FoundMeter> found{ready("pmic://", Scope::rail), ready("power_supply://BAT0", Scope::battery),
                                      ready("rapl://package-0", Scope::package), ready("nvml://0", Scope::package)};
  EXPECT_EQ(best_meter(found)->uri, "rapl://package-0");
  EXPECT_THAT(equals_of(found, *best_meter(found)), ElementsAre("nvml://0"));
  auto with_board = found;
  with_board.push_back(ready("hwmon://ina3221", Scope::board));
  EXPECT_EQ(best_meter(with_board)->uri, "hwmon://ina3221");
}

TEST(Detect, AutoNeverGuessesAmongEquals) {
  const std::vector<std::vector<FoundMeter>> equals{
      {ready("power_supply://BAT0", Scope::battery), ready("power_supply://BAT1", Scope::battery)},
      {ready("hwmon://ina231?path=hwmon0", Scope::rail), ready("hwmon://ina231?path=hwmon1", Scope::rail)},
      {ready("hwmon://pmbus", Scope::rail), ready("pmic://", Scope::rail)},
      {ready("nvml://0", Scope::package), ready("nvml://1", Scope::package)},
      {ready("hwmon://amdgpu", Scope::package), ready("nvml://0", Scope::package)},
      {ready("hwmon://ina219", Scope::board), ready("hwmon://power_meter", Scope::board)},
  };
  for (const auto& found : equals) {
    EXPECT_EQ(best_meter(found), nullptr) << found[0].uri;
    EXPECT_EQ(best_meters(found).size(), 2U);
    EXPECT_THAT(no_meter_found(found), AllOf(HasSubstr("-m '" + found[0].uri + "'"), HasSubstr("-m '" + found[1].uri + "'"),
                                             HasSubstr("choose one"), Not(HasSubstr("\n"))));
    auto wider = found;
    wider.push_back(ready("hwmon://ina3221", Scope::board));
    EXPECT_EQ(best_meter(wider) != nullptr, found[0].scope != Scope::board);
  }
}

TEST(Detect, AutoNeverTakesWhatIsNotReady) {
  std::vector<FoundMeter> found{
      {.uri = "hwmon://ina219", .scope = Scope::board, .state = MeterState::needs_option, .detail = "shunt", .fix = "say it"}};
  EXPECT_EQ(best_meter(found), nullptr);
  EXPECT_THAT(no_meter_found(found),
              AllOf(HasSubstr("hwmon://ina219"), HasSubstr("needs_option"), HasSubstr("say it"), Not(HasSubstr("\n"))));
  EXPECT_EQ(best_meter({}), nullptr);
  EXPECT_THAT(no_meter_found({}), AllOf(HasSubstr("ina219://"), HasSubstr("estimate://"), Not(HasSubstr("is there but"))));
}

TEST(Detect, AnEmptyMachineHasNone) {
  const FakeTree tree;
  EXPECT_TRUE(find_meters(tree.roots).empty());
}

TEST(Detect, I2cBusesAreNeverProbed) {
  const FakeTree tree;
  tree.put("dev/i2c-1", "");
  tree.put("sys/class/i2c-dev/i2c-1/name", "bcm2835");
  tree.put("sys/bus/i2c/devices/1-0040/name", "something");
  EXPECT_TRUE(find_meters(tree.roots).empty());
}

TEST(Detect, SensorsThatTheKernelKnowsAreBoundOrNotWired) {
  FakeTree tree;
  tree.put("sys/bus/i2c/drivers/ina2xx/module", "");
  tree.put("sys/bus/i2c/devices/1-0040/name", "ina219\n");
  tree.link("sys/bus/i2c/devices/1-0040/driver", "sys/bus/i2c/drivers/ina2xx");
  tree.put("sys/bus/i2c/devices/1-0041/name", "ina226\n");
  tree.put("sys/bus/i2c/devices/i2c-1/name", "ina219 lookalike adapter");
  const auto found = find_meters(tree.roots);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].uri, "ina219:///dev/i2c-1?addr=0x40");
  EXPECT_EQ(found[0].state, MeterState::driver_bound);
  EXPECT_THAT(found[0].fix, AllOf(HasSubstr("hwmon://ina219?path=1-0040"), HasSubstr("drivers/ina2xx/unbind")));
  EXPECT_EQ(found[1].state, MeterState::not_wired);
  EXPECT_EQ(best_meter(found), nullptr);
}

TEST(Detect, APi5WithABoundIna219AChargerAndAPmic) {
  FakeTree tree;
  const auto dir = tree.hwmon(2, "ina219", "1-0040");
  for (const char* file : {"in1_input", "curr1_input", "power1_input"}) tree.put(dir + file, "5000");
  tree.put(dir + "shunt_resistor", "100000");
  tree.roots.firmware = [](std::string_view) { return "A_A current(1)=3.0A\nA_V volt(2)=5.0V\n"; };
  const auto found = find_meters(tree.roots);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(best_meter(found)->uri, "hwmon://ina219");
  EXPECT_EQ(found[1].uri, "pmic://");
}

TEST(Detect, EveryUriThatIsFoundNamesAKnownMeter) {
  FakeTree tree;
  tree.put("sys/class/power_supply/BAT0/type", "Battery");
  tree.put("sys/class/power_supply/BAT0/status", "Discharging");
  tree.put("sys/class/power_supply/BAT0/power_now", "1");
  tree.put("sys/class/powercap/intel-rapl:0/name", "package-0");
  tree.put("sys/class/powercap/intel-rapl:0/energy_uj", "1");
  tree.put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "100");
  const auto found = find_meters(tree.roots);
  ASSERT_EQ(found.size(), 2U);
  for (const FoundMeter& meter : found) {
    const auto name = parse_meter_uri(meter.uri).name;
    EXPECT_TRUE(std::ranges::any_of(meter_kinds(), [&](const MeterKind& kind) { return kind.name == name; })) << meter.uri;
    EXPECT_EQ(meter.state, MeterState::ready) << meter.detail;
  }
}

}  // namespace
}  // namespace tbft::power
