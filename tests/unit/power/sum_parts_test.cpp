// Which meters sum:// takes as parts, and the rails that hwmon://NAME?channel=all names.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "power/bus/i2c_bus.h"
#include "power/meters/list.h"
#include "tbft/power/registry.h"
#include "tests/support/fake_meter.h"
#include "tests/support/fake_tree.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeTree;
using ::testing::HasSubstr;
using ::testing::Not;

// The message of a sum that is refused.
std::string refusal(const std::string& uri) {
  return message_of<BadMeterUri>([&] { open_meter(uri, Seconds(0), Programs::allowed); });
}

TEST(SumParts, ThereAreTwoToSixteenNamedUris) {
  EXPECT_THAT(refusal("sum://"), HasSubstr("0 parts; it adds 2 to 16: sum://?cpu="));
  EXPECT_THAT(refusal("sum://?a=pmic://"), HasSubstr("1 part; it adds 2 to 16"));
  std::string many = "sum://?";
  for (int i = 0; i < 17; ++i) many += "p" + std::to_string(i) + "=lines://" + std::to_string(i) + "&";
  many.pop_back();
  EXPECT_THAT(refusal(many), HasSubstr("17 parts"));
  EXPECT_THAT(refusal("sum://x?a=pmic://&b=rapl://"), HasSubstr("takes no path, but `x`"));
  EXPECT_THAT(refusal("sum://?a=pmic://&b=auto"), HasSubstr("part b is `auto`"));
  EXPECT_THAT(refusal("sum://?a b=pmic://&b=rapl://"), HasSubstr("cannot be called `a b`"));
  EXPECT_THAT(refusal("sum://?a=hwmon://x?label=A&refresh=1&b=pmic://"),
              AllOf(HasSubstr("unknown option `refresh`"), HasSubstr("%26")));
  EXPECT_THAT(refusal("sum://?a=pmic://&a=rapl://"), HasSubstr("`a` is given twice"));
  EXPECT_THAT(refusal("sum://?a=estimate://?what=1&b=rapl://"),
              AllOf(HasSubstr("part a: "), HasSubstr("unknown option `what`")));
}

TEST(SumParts, RecordingsAndSumsCannotBeAdded) {
  EXPECT_THAT(refusal("sum://?a=replay://t.csv&b=pmic://"), HasSubstr("part a is replay://"));
  EXPECT_THAT(refusal("sum://?a=pmic://&b=sum://?x=pmic://"), HasSubstr("part b is sum://"));
}

// A program runs only where open_meter() is given its own URI and Programs::allowed, and never as a part.
TEST(SumParts, NoSpellingOfAProgramIsRunByASum) {
  const TemporaryFolder folder;
  const std::string ran = (folder / "ran").string();
  const std::string program = "exec://touch " + ran + "; echo 5; sleep 9?unit=W%26period=1";
  std::string encoded;
  for (const char c : program)
    encoded += c == '%' ? "%25" : "%" + std::string(1, "0123456789abcdef"[c >> 4]) + "0123456789abcdef"[c & 15];
  const std::string nested = "sum://?x=" + program + "%26y=pmic://";
  for (const std::string& part : {program, encoded, "%65xec://touch " + ran + "?unit=W", "%2565xec://touch " + ran + "?unit=W",
                                  nested, "EXEC://touch " + ran + "?unit=W", " exec://touch " + ran + "?unit=W"}) {
    for (const std::string& uri : {"sum://?a=" + part + "&b=estimate://", "sum://?b=estimate://&c=" + part}) {
      EXPECT_FALSE(runs_program(uri)) << uri;
      for (const Programs programs : {Programs::refused, Programs::allowed})
        EXPECT_THROW(open_meter(uri, Seconds(0), programs), BadMeterUri) << uri;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(ran));
  EXPECT_THAT(refusal("sum://?a=" + encoded + "&b=estimate://"), HasSubstr("part a is exec://: a sum never runs a program"));
  EXPECT_EQ(expand_meter(program), std::vector{program});
  EXPECT_FALSE(std::filesystem::exists(ran));
}

class Overlap : public ::testing::Test {
 protected:
  Overlap() { jetson(0, "1-0040", "VDD_IN"); }
  void jetson(int number, const std::string& address, const std::string& first) const {
    const auto dir = tree.hwmon(number, "ina3221", address);
    const std::string labels[] = {first, "VDD_CPU", "VDD_SOC"};
    for (int i = 1; i <= 3; ++i) {
      const auto n = std::to_string(i);
      tree.put(dir + "in" + n + "_label", labels[i - 1]);
      tree.put(dir + "in" + n + "_input", "5000");
      tree.put(dir + "curr" + n + "_input", std::to_string(100 * i));
      tree.put(dir + "shunt" + n + "_resistor", "10000");
    }
  }
  // A sum of two meters that are what their scopes say, wherever their URIs lead.
  std::unique_ptr<Meter> sum(const std::string& a, const std::string& b, Scope a_scope = Scope::rail,
                             Scope b_scope = Scope::rail) const {
    const auto meter = [](Scope scope) {
      auto info = testing::simple_meter(0.01);
      info.scope = scope;
      info.description = "a card (GPU-1), and so on";
      return std::make_unique<testing::FunctionMeter>(std::move(info), [](TimeNs) { return 1.0; });
    };
    MeterUri uri;
    uri.name = "sum";
    uri.options = {{"one", a}, {"two", b}};
    std::vector<std::unique_ptr<Meter>> parts;
    parts.push_back(meter(a_scope));
    parts.push_back(meter(b_scope));
    return make_sum(uri, std::move(parts), std::make_shared<testing::ManualClock>(), tree.roots);
  }
  std::string refused(const std::string& a, const std::string& b, Scope a_scope = Scope::rail,
                      Scope b_scope = Scope::rail) const {
    return message_of<BadMeterUri>([&] { sum(a, b, a_scope, b_scope); });
  }
  FakeTree tree;
};

TEST_F(Overlap, OneMeterTwiceIsRefusedHoweverItIsNamed) {
  jetson(1, "1-0041", "VDD_GPU");
  const std::pair<std::string, std::string> same[] = {
      {"hwmon://ina3221?path=1-0040&label=VDD_SOC", "hwmon://ina3221?index=0&channel=curr3"},
      {"hwmon://ina3221?path=1-0041&channel=1", "hwmon://ina3221?path=1-0041&channel=curr1"},
      {"ina219:///dev/i2c-1?shunt_ohm=0.1", "ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1"},
      {"um24c:///dev/rfcomm0", "atorch:///dev/rfcomm0"},
      {"rapl://package-0", "rapl://package-0?max_W=100"},
      {"nvml://0", "nvml://GPU-1"},
      {"power_supply://", "power_supply://BAT0"},
      {"pmic://", "pmic://?refresh=1"},
      {"remote://pi:7007", "remote://pi:7007?key_file=k"},
      {"lines://w?unit=W", "lines://w?unit=W&skip=1"}};
  for (const auto& [a, b] : same)
    EXPECT_THAT(refused(a, b), AllOf(HasSubstr("one (" + to_string(parse_meter_uri(a)) + ")"),
                                     HasSubstr("two (" + to_string(parse_meter_uri(b)) + ")"), HasSubstr("are the same meter")))
        << a;
  EXPECT_NO_THROW(sum("hwmon://ina3221?path=1-0040&label=VDD_SOC", "hwmon://ina3221?path=1-0041&label=VDD_SOC"));
  EXPECT_NO_THROW(sum("hwmon://ina3221?path=1-0040&label=VDD_SOC", "hwmon://ina3221?path=1-0040&label=VDD_CPU"));
  EXPECT_NO_THROW(sum("ina219:///dev/i2c-1?addr=0x41&shunt_ohm=0.1", "ina219:///dev/i2c-1?shunt_ohm=0.1"));
  EXPECT_NO_THROW(sum("power_supply://BAT0", "power_supply://BAT1", Scope::battery, Scope::battery));
}

TEST_F(Overlap, TwoChannelsOfOneRawChipAreRefusedWithTheDriver) {
  EXPECT_THAT(refused("ina3221:///dev/i2c-1?channel=2&shunt_ohm=0.1", "ina3221:///dev/i2c-1?shunt_ohm=0.1"),
              AllOf(HasSubstr("one chip"), HasSubstr("hwmon://ina3221")));
}

TEST_F(Overlap, AnInputRailContainsTheOthersOfItsDevice) {
  EXPECT_THAT(refused("hwmon://ina3221?label=VDD_CPU", "hwmon://ina3221?label=VDD_IN"),
              AllOf(HasSubstr("two contains one"), HasSubstr("count twice")));
  EXPECT_THAT(refused("hwmon://ina3221", "hwmon://ina3221?label=VDD_SOC"), HasSubstr("one contains two"))
      << "VDD_IN is taken without a label";
}

TEST_F(Overlap, ABoardOrABatteryContainsWhatIsNarrower) {
  const std::string a = "lines://a?unit=W", b = "lines://b?unit=W";
  EXPECT_THAT(refused(a, b, Scope::board, Scope::rail), HasSubstr("one contains two"));
  EXPECT_THAT(refused(a, b, Scope::package, Scope::board), HasSubstr("two contains one"));
  EXPECT_THAT(refused(a, b, Scope::battery, Scope::package), HasSubstr("one contains two"));
  EXPECT_THAT(refused(a, b, Scope::board, Scope::battery), HasSubstr("two contains one"));
  EXPECT_NO_THROW(sum(a, b, Scope::board, Scope::board));
  EXPECT_NO_THROW(sum(a, b, Scope::package, Scope::rail));
}

TEST_F(Overlap, AProcessorsPackageContainsItsCoresAndNotItsMemory) {
  for (const std::string inner : {"package-0/core", "package-0/uncore"}) {
    EXPECT_THAT(refused("rapl://package-0", "rapl://" + inner), HasSubstr("one contains two"));
    EXPECT_THAT(refused("rapl://" + inner, "rapl://"), HasSubstr("two contains one"));
    EXPECT_NO_THROW(sum("rapl://package-1", "rapl://" + inner));
  }
  EXPECT_THAT(refused("rapl://package", "rapl://package-1"), HasSubstr("one contains two"));
  EXPECT_THAT(refused("rapl://package-0/dram", "rapl://psys"), HasSubstr("two contains one"));
  EXPECT_NO_THROW(sum("rapl://package-0", "rapl://package-0/dram", Scope::package, Scope::rail));
  EXPECT_NO_THROW(sum("rapl://", "rapl://package-0/dram", Scope::package, Scope::rail));
  EXPECT_NO_THROW(sum("rapl://package-0/core", "rapl://package-0/uncore"));
  EXPECT_NO_THROW(sum("rapl://package-0", "rapl://package-1"));
}

TEST_F(Overlap, AWholeSumIsReadFromItsFiles) {
  std::vector<std::unique_ptr<Meter>> parts;
  for (const char* label : {"VDD_CPU", "VDD_SOC"})
    parts.push_back(open_hwmon(parse_meter_uri(std::string("hwmon://ina3221?label=") + label), 0, tree.roots));
  const auto clock = std::make_shared<testing::ManualClock>();
  const auto meter = make_sum(parse_meter_uri("sum://?cpu=hwmon://ina3221?label=VDD_CPU&soc=hwmon://ina3221?label=VDD_SOC"),
                              std::move(parts), clock, tree.roots);
  EXPECT_EQ(meter->info().scope, Scope::rail);
  EXPECT_EQ(meter->info().uri, "sum://?cpu=hwmon://ina3221?label=VDD_CPU&soc=hwmon://ina3221?label=VDD_SOC");
  meter->start(clock->now());
  const auto reading = meter->poll(clock->now());
  ASSERT_TRUE(reading);
  EXPECT_DOUBLE_EQ(reading->power_W, 5 * 0.2 + 5 * 0.3);
  EXPECT_FALSE(meter->poll(clock->now()));
}

TEST_F(Overlap, SeveralRailsNameTheSumThatAddsThem) {
  const auto dir = tree.hwmon(3, "pmbus", "3-0010");
  for (const std::string n : {"1", "2"}) {
    tree.put(dir + "power" + n + "_input", "1000000");
    tree.put(dir + "power" + n + "_label", "pout" + n);
  }
  const auto message = message_of<BadMeterUri>([&] { open_hwmon(parse_meter_uri("hwmon://pmbus"), 0, tree.roots); });
  EXPECT_THAT(message, AllOf(HasSubstr("choose one: label=pout1"),
                             HasSubstr("-m 'sum://?a=hwmon://pmbus?label=pout1&b=hwmon://pmbus?label=pout2'")));
}

class Expand : public Overlap {
 protected:
  std::vector<std::string> expanded(const std::string& uri) const { return expand_meter(uri, tree.roots); }
};

TEST_F(Expand, AllRailsOfADeviceAreOneUriEachWithTheOtherOptions) {
  EXPECT_THAT(expanded("hwmon://ina3221?channel=all"),
              ElementsAre("hwmon://ina3221?label=VDD_IN", "hwmon://ina3221?label=VDD_CPU", "hwmon://ina3221?label=VDD_SOC"));
  EXPECT_THAT(expanded("hwmon://ina3221?channel=all&gain_pct=1&path=1-0040").front(),
              ::testing::StrEq("hwmon://ina3221?gain_pct=1&label=VDD_IN&path=1-0040"));
  for (const std::string& uri : expanded("hwmon://ina3221?channel=all"))
    EXPECT_NO_THROW(open_hwmon(parse_meter_uri(uri), 0, tree.roots)) << uri;
}

TEST_F(Expand, ARailWithSeveralFilesIsOneMeterAndOneWithoutVoltageNone) {
  const auto dir = tree.hwmon(2, "pmbus", "2-0010");
  tree.put(dir + "power1_input", "20000000");
  tree.put(dir + "power1_label", "pout1");
  tree.put(dir + "curr1_input", "20000");
  tree.put(dir + "curr1_label", "iout1");
  tree.put(dir + "in1_input", "1000");
  tree.put(dir + "in1_label", "vout1");
  tree.put(dir + "curr2_input", "3000");
  tree.put(dir + "curr2_label", "iin");
  tree.put(dir + "power3_input", "1000000");
  EXPECT_THAT(expanded("hwmon://pmbus?channel=all"), ElementsAre("hwmon://pmbus?label=pout1", "hwmon://pmbus?channel=power3"));
}

TEST_F(Expand, ALabelThatTwoRailsHaveNamesNeither) {
  const auto dir = tree.hwmon(2, "meter", "x");
  for (const std::string n : {"1", "2"}) {
    tree.put(dir + "power" + n + "_input", "1000000");
    tree.put(dir + "power" + n + "_label", "rail");
  }
  EXPECT_THAT(expanded("hwmon://meter?channel=all"),
              ElementsAre("hwmon://meter?channel=power1", "hwmon://meter?channel=power2"));
}

TEST_F(Expand, OtherTextsStayAsTheyAre) {
  for (const std::string text : {"auto", "", "pmic://", "hwmon://ina3221", "hwmon://ina3221?label=all", "rapl://?channel=all",
                                 "ina3221:///dev/i2c-1?channel=all", "sum://?a=hwmon://ina3221?channel=all&b=pmic://"})
    EXPECT_THAT(expanded(text), ElementsAre(text));
}

TEST_F(Expand, WhatNamesNoRailIsRefused) {
  const auto message = [&](const std::string& uri) { return message_of<BadMeterUri>([&] { expanded(uri); }); };
  EXPECT_THAT(message("hwmon://ina3221?channel=all&label=VDD_IN"), HasSubstr("label="));
  EXPECT_THAT(message("hwmon://ina3221?channel=all&volts=in1"), HasSubstr("volts="));
  EXPECT_THROW(expanded("hwmon://ina226?channel=all"), MeterUnavailable);
  const auto dir = tree.hwmon(2, "newchip", "x");
  tree.put(dir + "curr1_input", "1000");
  EXPECT_THAT(message("hwmon://newchip?channel=all"),
              AllOf(HasSubstr("no rail whose power is known"), HasSubstr("channel=curr1, voltage unknown")));
}

TEST_F(Expand, OneMeterCannotBeAllRails) {
  const auto hwmon =
      message_of<BadMeterUri>([&] { open_hwmon(parse_meter_uri("hwmon://ina3221?channel=all"), 0, tree.roots); });
  EXPECT_THAT(hwmon, AllOf(HasSubstr("`measure`, `run` and `watch`"), HasSubstr("label=VDD_SOC (curr3)")));
  EXPECT_THAT(hwmon, Not(HasSubstr("sum://?a=hwmon://ina3221?label=VDD_IN"))) << "which contains the other";
  EXPECT_THAT(refusal("ina3221:///dev/i2c-none?channel=all&shunt_ohm=0.1"), HasSubstr("hwmon://ina3221?channel=all"));
}

TEST(I2cAddress, AChipServesOneMeterAtATime) {
  const TemporaryFolder folder;
  const std::string bus = (folder / "i2c-1").string();
  const int first = ::open(bus.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int second = ::open(bus.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(second, 0);
  reserve_address(first, bus, 0x40);
  EXPECT_THAT(message_of<MeterUnavailable>([&] { reserve_address(second, bus, 0x40); }),
              AllOf(HasSubstr(bus), HasSubstr("0x40")));
  EXPECT_NO_THROW(reserve_address(second, bus, 0x41));
  release_address(first, 0x40);
  EXPECT_NO_THROW(reserve_address(second, bus, 0x40));
  ::close(first);
  ::close(second);
}

}  // namespace
}  // namespace tbft::power
