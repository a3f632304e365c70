#include "harness/host/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "tbft/power/firmware.h"
#include "tests/support/fake_meter.h"
#include "tests/support/fake_tree.h"
#include "tests/support/scoped_environment.h"
#include "tests/support/virtual_clock.h"

namespace tbft {
namespace {

using power::MeterState;
using power::Scope;
using power::TimeNs;
using power::testing::FakeTree;
using power::testing::SharedClock;
using power::testing::WithoutRights;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::optional<Check> check_of(const std::vector<Check>& checks, const std::string& name) {
  const auto found = std::ranges::find(checks, name, &Check::name);
  return found == checks.end() ? std::nullopt : std::optional(*found);
}
std::optional<power::FoundMeter> meter_of(const Findings& findings, const std::string& uri) {
  const auto found = std::ranges::find(findings.meters, uri, &power::FoundMeter::uri);
  return found == findings.meters.end() ? std::nullopt : std::optional(*found);
}

void pi(const FakeTree& tree, const std::string& model = "Raspberry Pi 5 Model B Rev 1.0") {
  tree.put("proc/device-tree/model", model);
}
void i2c_bus(const FakeTree& tree, std::uint32_t hz) {
  tree.put("dev/i2c-1", "");
  tree.put("sys/class/i2c-dev/i2c-1/name", "Synopsys DesignWare I2C adapter");
  std::string cell;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) cell += static_cast<char>(hz >> shift & 0xffU);
  tree.put("sys/class/i2c-dev/i2c-1/device/of_node/clock-frequency", cell);
}

TEST(Doctor, AnEmptyMachineHasNoMeterAndEveryKindSaysHowToBeNamed) {
  const FakeTree tree;
  const Findings d = check_machine(tree.roots);
  EXPECT_EQ(d.auto_uri, "");
  for (const char* uri : {"ina219://", "hwmon://", "rapl://", "nvml://", "power_supply://", "pmic://"}) {
    ASSERT_TRUE(meter_of(d, uri)) << uri;
    EXPECT_EQ(meter_of(d, uri)->state, MeterState::absent);
    EXPECT_THAT(meter_of(d, uri)->fix, HasSubstr(uri));
  }
  EXPECT_FALSE(meter_of(d, "estimate://")) << "no measurement";
  EXPECT_EQ(check_of(d.checks, "/dev/i2c-*")->health, Health::absent);
}

TEST(Doctor, APi5WithAnIna219OnASlowBusBoundToItsDriver) {
  FakeTree tree;
  pi(tree);
  i2c_bus(tree, 100'000);
  tree.put("sys/bus/i2c/devices/1-0040/name", "ina219\n");
  tree.put("sys/bus/i2c/devices/1-0040/driver/uevent", "");
  tree.put("sys/bus/i2c/devices/1-0050/name", "24c02\n");  // no driver
  const auto dir = tree.hwmon(2, "ina219", "1-0040");
  for (const char* file : {"in1_input", "curr1_input", "power1_input"}) tree.put(dir + file, "5000");
  tree.put(dir + "shunt_resistor", "10000");
  tree.roots.firmware = [](std::string_view command) {
    return std::string(command == "get_throttled" ? "throttled=0x50005" : "error=1 error_msg=\"Command not registered\"");
  };
  const Findings d = check_machine(tree.roots);
  EXPECT_EQ(meter_of(d, "hwmon://ina219")->state, MeterState::needs_option);
  EXPECT_THAT(meter_of(d, "hwmon://ina219")->fix, HasSubstr("shunt_ohm=0.1"));
  EXPECT_EQ(d.auto_uri, "") << "what would read ten times high is not taken";
  const auto bus = check_of(d.checks, "/dev/i2c-1");
  EXPECT_EQ(bus->health, Health::warning);
  EXPECT_THAT(bus->detail, AllOf(HasSubstr("100 kHz"), HasSubstr("0x40 (ina219)"), Not(HasSubstr("0x50"))));
  EXPECT_THAT(bus->fix, HasSubstr("dtparam=i2c_arm=on,i2c_arm_baudrate=400000"));
  const auto throttled = check_of(d.checks, "get_throttled");
  EXPECT_EQ(throttled->health, Health::problem);
  EXPECT_THAT(throttled->detail,
              AllOf(HasSubstr("under-voltage now"), HasSubstr("throttled now"), HasSubstr("under-voltage since boot"),
                    HasSubstr("throttled since boot"), Not(HasSubstr("frequency capped"))));
  EXPECT_THAT(throttled->fix, HasSubstr("supply"));
}

TEST(Doctor, AFastBusAndAnUnthrottledPiNeedNothing) {
  FakeTree tree;
  pi(tree);
  i2c_bus(tree, 400'000);
  tree.roots.firmware = [](std::string_view) { return std::string("throttled=0x0"); };
  const Findings d = check_machine(tree.roots);
  EXPECT_EQ(check_of(d.checks, "/dev/i2c-1")->health, Health::ok);
  EXPECT_EQ(check_of(d.checks, "/dev/i2c-1")->fix, "");
  EXPECT_EQ(check_of(d.checks, "get_throttled")->health, Health::ok);
}

TEST(Doctor, WhatHappenedSinceBootIsAWarningAndOddAnswersAreSurvived) {
  FakeTree tree;
  tree.roots.firmware = [](std::string_view) { return std::string("throttled=0x80000"); };
  EXPECT_EQ(check_of(check_machine(tree.roots).checks, "get_throttled")->health, Health::warning);
  for (const char* odd : {"", "throttled=", "throttled=0x", "throttled=0xzz", "throttled=0x123456789ab"}) {
    tree.roots.firmware = [odd](std::string_view) { return std::string(odd); };
    EXPECT_FALSE(check_of(check_machine(tree.roots).checks, "get_throttled")) << odd;
  }
}

TEST(Doctor, APiWithoutI2cIsToldTheLineAndOneWithoutTheModuleTheCommand) {
  const FakeTree tree;
  pi(tree);
  EXPECT_THAT(check_of(check_machine(tree.roots).checks, "/dev/i2c-*")->fix, HasSubstr("dtparam=i2c_arm=on"));
  tree.put("sys/bus/i2c/devices/i2c-1/name", "adapter");
  EXPECT_THAT(check_of(check_machine(tree.roots).checks, "/dev/i2c-*")->fix, HasSubstr("modprobe i2c-dev"));
}

TEST(Doctor, DevicesThatThisUserMayNotUseNameTheirGroup) {
  const FakeTree tree;
  i2c_bus(tree, 400'000);
  tree.put("sys/devices/usb/1-1/idVendor", "1a86\n");
  tree.put("sys/devices/usb/1-1/idProduct", "7523\n");
  tree.put("sys/devices/usb/1-1/product", "USB Serial\n");
  tree.put("sys/devices/usb/1-1/1-1:1.0/tty/ttyUSB0/dev", "188:0");
  tree.link("sys/devices/usb/1-1/1-1:1.0/tty/ttyUSB0/device", "sys/devices/usb/1-1/1-1:1.0");
  tree.link("sys/class/tty/ttyUSB0", "sys/devices/usb/1-1/1-1:1.0/tty/ttyUSB0");
  for (const char* device : {"dev/ttyUSB0", "dev/gpiochip0", "dev/vcio"}) tree.put(device, "");
  tree.put("dev/ttyS0", "");
  for (const char* device : {"dev/ttyUSB0", "dev/gpiochip0", "dev/vcio", "dev/i2c-1"}) tree.forbid(device);
  const WithoutRights user;
  const Findings d = check_machine(tree.roots);
  EXPECT_THAT(check_of(d.checks, "/dev/i2c-1")->fix, HasSubstr("usermod -aG i2c"));
  EXPECT_THAT(check_of(d.checks, "/dev/ttyUSB0")->fix, HasSubstr("usermod -aG dialout"));
  EXPECT_THAT(check_of(d.checks, "/dev/ttyUSB0")->detail, HasSubstr("1a86:7523 USB Serial"));
  EXPECT_THAT(check_of(d.checks, "/dev/gpiochip0")->fix, HasSubstr("usermod -aG gpio"));
  EXPECT_THAT(check_of(d.checks, "/dev/vcio")->fix, HasSubstr("usermod -aG video"));
  EXPECT_FALSE(check_of(d.checks, "/dev/ttyS0"));
  EXPECT_EQ(meter_of(d, "pmic://")->state, MeterState::no_permission);
}

TEST(Doctor, GpioChipsShowTheirLabels) {
  const FakeTree tree;
  tree.put("dev/gpiochip0", "");
  tree.put("sys/devices/rp1/gpiochip0/dev", "254:0");
  tree.put("sys/devices/rp1/gpio/gpiochip512/label", "pinctrl-rp1\n");
  tree.link("sys/devices/rp1/gpio/gpiochip512/device", "sys/devices/rp1");
  tree.link("sys/class/gpio/gpiochip512", "sys/devices/rp1/gpio/gpiochip512");
  tree.link("sys/bus/gpio/devices/gpiochip0", "sys/devices/rp1/gpiochip0");
  EXPECT_EQ(check_of(check_machine(tree.roots).checks, "/dev/gpiochip0")->detail, "pinctrl-rp1");
}

TEST(Doctor, AJetsonTakesItsInputRail) {
  const FakeTree tree;
  const auto dir = tree.hwmon(1, "ina3221", "1-0040");
  const char* const labels[] = {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"};
  for (int i = 1; i <= 3; ++i) {
    tree.put(dir + "in" + std::to_string(i) + "_label", labels[i - 1]);
    tree.put(dir + "in" + std::to_string(i) + "_input", "5000");
    tree.put(dir + "curr" + std::to_string(i) + "_input", "1000");
    tree.put(dir + "shunt" + std::to_string(i) + "_resistor", "5000");
  }
  const Findings d = check_machine(tree.roots);
  EXPECT_EQ(d.auto_uri, "hwmon://ina3221");
  EXPECT_THAT(meter_of(d, "hwmon://ina3221")->detail, HasSubstr("VDD_IN"));
}

TEST(Doctor, AnX86ServerWithRootOnlyCountersAndThenWithRights) {
  const FakeTree tree;
  for (const char* socket : {"0", "1"}) {
    const std::string zone = std::string("sys/class/powercap/intel-rapl:") + socket + "/";
    tree.put(zone + "name", std::string("package-") + socket);
    tree.put(zone + "max_energy_range_uj", "262143328850");
    tree.put(zone + "energy_uj", "1000");
    tree.forbid(zone + "energy_uj");
  }
  {
    const WithoutRights user;
    const Findings d = check_machine(tree.roots);
    EXPECT_EQ(meter_of(d, "rapl://package")->state, MeterState::no_permission);
    EXPECT_THAT(meter_of(d, "rapl://package")->fix, HasSubstr("sudo chmod a+r"));
    EXPECT_EQ(d.auto_uri, "");
  }
  for (const char* socket : {"0", "1"}) {
    std::filesystem::permissions(tree / (std::string("sys/class/powercap/intel-rapl:") + socket + "/energy_uj"),
                                 std::filesystem::perms(0444));
  }
  EXPECT_EQ(check_machine(tree.roots).auto_uri, "rapl://package");
}

TEST(Doctor, AmongEqualsNoneIsTakenAndAllAreListed) {
  const FakeTree tree;
  for (const std::string battery : {"BAT0", "BAT1"}) {
    tree.put("sys/class/power_supply/" + battery + "/type", "Battery");
    tree.put("sys/class/power_supply/" + battery + "/power_now", "9000000");
    tree.put("sys/class/power_supply/" + battery + "/status", "Discharging");
  }
  const Findings d = check_machine(tree.roots);
  EXPECT_EQ(d.auto_uri, "");
  EXPECT_THAT(d.also_usable, ::testing::ElementsAre("power_supply://BAT0", "power_supply://BAT1"));
}

TEST(Doctor, AContainerThatHidesTheCountersIsNamed) {
  const FakeTree tree;
  tree.link("sys/class/powercap/intel-rapl:0", "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0");
  const auto meter = meter_of(check_machine(tree.roots), "rapl://");
  EXPECT_EQ(meter->state, MeterState::unusable);
  EXPECT_THAT(meter->detail, HasSubstr("lead nowhere"));
}

TEST(Doctor, ALaptopOnBatteryPrefersItsProcessorCounterAndSaysWhatCharges) {
  const FakeTree tree;
  tree.put("sys/class/power_supply/BAT0/type", "Battery");
  tree.put("sys/class/power_supply/BAT0/power_now", "9000000");
  tree.put("sys/class/power_supply/BAT0/status", "Charging");
  EXPECT_EQ(check_machine(tree.roots).auto_uri, "");
  EXPECT_THAT(meter_of(check_machine(tree.roots), "power_supply://BAT0")->fix, HasSubstr("unplug"));
  tree.put("sys/class/power_supply/BAT0/status", "Discharging");
  EXPECT_EQ(check_machine(tree.roots).auto_uri, "power_supply://BAT0");
}

TEST(Doctor, AGovernorAndAClockThatDisturbAreNamedWithTheCommand) {
  const FakeTree tree;
  tree.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  tree.put("sys/devices/system/clocksource/clocksource0/current_clocksource", "arch_sys_counter\n");
  EXPECT_EQ(check_of(check_machine(tree.roots).checks, "governor")->health, Health::ok);
  EXPECT_EQ(check_of(check_machine(tree.roots).checks, "clocksource")->health, Health::ok);
  tree.put("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "ondemand\n");
  const auto governor = check_of(check_machine(tree.roots).checks, "governor");
  EXPECT_EQ(governor->health, Health::warning) << "one core is enough";
  EXPECT_THAT(governor->fix, HasSubstr("scaling_governor"));
  for (const char* slow : {"jiffies", "refined-jiffies", "acpi_pm"}) {
    tree.put("sys/devices/system/clocksource/clocksource0/current_clocksource", slow);
    EXPECT_EQ(check_of(check_machine(tree.roots).checks, "clocksource")->health, Health::warning) << slow;
  }
}

TEST(Doctor, EveryUserIsToldWhatAKilledRunOfRootHasLeft) {
  const FakeTree tree;
  const std::string policy = "sys/devices/system/cpu/cpufreq/policy0/";
  tree.put("proc/sys/kernel/random/boot_id", "0d1c\n");
  tree.put(policy + "scaling_governor", "powersave\n");
  tree.put(policy + "scaling_min_freq", "600000\n");
  tree.put(policy + "scaling_max_freq", "1800000\n");
  const std::string record = R"({"boot_id": "0d1c", "policies": {"policy0": {
      "before": {"governor": "schedutil", "min_kHz": 600000, "max_kHz": 1800000},
      "set": {"governor": "powersave", "min_kHz": 600000, "max_kHz": 1800000}}}})";
  const std::string left = "echo schedutil | sudo tee /sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
  tree.put("run/tbft-cpufreq.json", record);
  const bool root = ::geteuid() == 0;  // whose own record it would be: become nobody for a moment
  const auto told_to_a_user = [&] {
    EXPECT_TRUE(!root || ::seteuid(65534) == 0);
    const Findings d = check_machine(tree.roots);
    EXPECT_TRUE(!root || ::seteuid(0) == 0);
    return check_of(d.checks, "frequencies");
  };
  const auto told = told_to_a_user();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->health, Health::problem);
  EXPECT_EQ(told->fix, left);
  tree.forbid("run/tbft-cpufreq.json");
  EXPECT_EQ(told_to_a_user().value().health, Health::warning) << "a record that only root may read";
  {
    const test::ScopedEnvironment own_folder("XDG_RUNTIME_DIR", (tree / "own").c_str());
    tree.put("own/tbft-cpufreq.json", record);
    EXPECT_EQ(told_to_a_user().value().fix, left) << "of a run of this user, beside the record that only root may read";
  }
  tree.remove("run/tbft-cpufreq.json");
  EXPECT_FALSE(told_to_a_user()) << "nothing is left, whether or not this user has a folder for a record";
}

class ScriptedMeter final : public power::Meter {
 public:
  explicit ScriptedMeter(power::Reading reading) : reading_(reading) {
    info_.uri = "fake://";
    info_.nominal_period_s = 0.01;
    info_.accuracy.resolution_A = 1e-3;
  }
  const power::MeterInfo& info() const override { return info_; }
  void start(TimeNs now) override {
    silent_until_ = now + power::from_seconds(first_after_s);
    if (broken) throw power::MeterUnavailable("no acknowledge: check wiring, power and address");
  }
  std::optional<power::Reading> poll(TimeNs now) override {
    if (now == last_ || now < silent_until_) return std::nullopt;
    last_ = now;
    auto r = reading_;
    r.t_ns = now;
    return r;
  }
  void stop() override {}
  power::MeterInfo info_;
  bool broken = false;
  double first_after_s = 0;

 private:
  power::Reading reading_;
  TimeNs last_ = -1;
  TimeNs silent_until_ = 0;
};

MeterExam exam_of(double volts_V, double amps_A, std::uint8_t flags = 0) {
  ScriptedMeter meter({.volts_V = volts_V, .amps_A = amps_A, .power_W = volts_V * amps_A, .flags = flags});
  SharedClock clock(2);  // the test and the sampler
  return examine(meter, clock);
}

TEST(DoctorExam, AGoodMeterHasNothingToMend) {
  const MeterExam exam = exam_of(5.1, 0.8);
  EXPECT_TRUE(exam.usable);
  EXPECT_TRUE(exam.checks.empty());
  EXPECT_NEAR(exam.power_W, 4.08, 1e-9);
  EXPECT_GE(exam.readings, 99U);
}

TEST(DoctorExam, ASlowMeterIsGivenTheTimeForAReading) {
  ScriptedMeter meter({.volts_V = 5, .amps_A = 1, .power_W = 5});
  meter.info_.nominal_period_s = 60;
  meter.first_after_s = 45;
  SharedClock clock(2);  // the test and the sampler
  EXPECT_TRUE(examine(meter, clock).usable);

  meter.info_.nominal_period_s = meter.first_after_s = 3600;
  const MeterExam unknown = examine(meter, clock);
  EXPECT_FALSE(unknown.usable);
  EXPECT_EQ(unknown.checks.at(0).health, Health::warning);
  EXPECT_THAT(unknown.checks.at(0).detail, HasSubstr("none in 600 s of one every 3600 s"));
}

TEST(DoctorExam, ASaggingSupplyNamesTheShunt) {
  const MeterExam exam = exam_of(4.71, 2.9);
  EXPECT_TRUE(exam.usable);
  EXPECT_THAT(check_of(exam.checks, "voltage")->detail, HasSubstr("4.8 V"));
  EXPECT_THAT(check_of(exam.checks, "voltage")->fix, HasSubstr("10 to 20 mohm"));
  EXPECT_FALSE(check_of(exam_of(4.81, 1).checks, "voltage"));
}

TEST(DoctorExam, WhatIsNotWiredOrBackwardsOrSaturatedIsSaid) {
  EXPECT_THAT(check_of(exam_of(5, 0).checks, "current")->fix, HasSubstr("in series"));
  EXPECT_THAT(check_of(exam_of(0.01, 0).checks, "voltage")->fix, HasSubstr("not wired"));
  EXPECT_FALSE(exam_of(0.01, 0).usable);
  EXPECT_THAT(check_of(exam_of(5, -1).checks, "current")->fix, HasSubstr("swap"));
  EXPECT_THAT(check_of(exam_of(5, 3.2, power::saturated).checks, "range")->fix, HasSubstr("smaller shunt"));
  EXPECT_FALSE(exam_of(5, 3.2, power::saturated).usable);
}

TEST(DoctorExam, RepeatedValuesAreNoReadingsAndFailuresNoZeros) {
  const MeterExam repeated = exam_of(5, 1, power::repeated);
  EXPECT_EQ(repeated.readings, 0U);
  EXPECT_GT(repeated.repeated, 0U);
  EXPECT_FALSE(repeated.usable);
  const MeterExam failed = exam_of(power::unknown, power::unknown, power::gap_begins);
  EXPECT_FALSE(failed.usable);
  EXPECT_THAT(check_of(failed.checks, "readings")->detail, HasSubstr("reads failed"));
}

TEST(DoctorExam, AMeterThatDoesNotAnswerIsAFindingAndAnEstimateNoMeter) {
  ScriptedMeter meter({.power_W = 1});
  SharedClock clock(2);  // the test and the sampler
  meter.info_.measured = false;
  EXPECT_FALSE(examine(meter, clock).usable);
  meter.broken = true;
  const MeterExam exam = examine(meter, clock);
  EXPECT_FALSE(exam.usable);
  EXPECT_THAT(exam.checks.at(0).detail, HasSubstr("wiring"));
}

}  // namespace
}  // namespace tbft
