#include "harness/measurement/run_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/host/usage_error.h"
#include "tests/support/fake_meter.h"
#include "tests/support/fake_tree.h"
#include "tests/support/message_of.h"

namespace tbft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<power::Meter> two_batteries(std::string_view uri, power::Seconds interval, power::Programs programs) {
  if (uri != "auto") return power::open_meter(uri, interval, programs);
  throw power::MeterUnavailable("choose one: -m 'power_supply://BAT0', -m 'power_supply://BAT1'");
}

TEST(RunMeter, WhereAutoDoesNotGuessAnEstimateIsTakenAndBothAreSaid) {
  std::string warning;
  const auto meter = open_named_meter({}, 0, WithoutMeter::estimates, warning, two_batteries);
  EXPECT_FALSE(meter->info().measured);
  EXPECT_THAT(warning, AllOf(HasSubstr("power_supply://BAT1"), HasSubstr("joules are an estimate")));
}

TEST(RunMeter, AMeterThatIsNamedAndMissingIsAnError) {
  std::string warning;
  EXPECT_THROW(open_named_meter({"power_supply://no-such-battery"}, 0, WithoutMeter::estimates, warning, two_batteries),
               power::MeterUnavailable);
  EXPECT_EQ(warning, "");
  EXPECT_FALSE(open_named_meter({"estimate://"}, 0, WithoutMeter::estimates, warning, two_batteries)->info().measured);
  EXPECT_EQ(warning, "") << "it was asked for";
}

TEST(RunMeter, ACommandOfJoulesAloneFailsWithoutAMeter) {
  std::string warning;
  EXPECT_THROW(open_named_meter({}, 0, WithoutMeter::fails, warning, two_batteries), power::MeterUnavailable);
  EXPECT_EQ(warning, "");
}

class Assuming final : public power::Meter {
 public:
  Assuming() { info_.assumption = "0.1 ohm is assumed"; }
  const power::MeterInfo& info() const override { return info_; }
  void start(power::TimeNs /*first_window*/) override {}
  std::optional<power::Reading> poll(power::TimeNs /*now*/) override { return std::nullopt; }
  void stop() override {}

 private:
  power::MeterInfo info_;
};

TEST(RunMeter, WhatAMeterAssumesIsSaidByEveryCommand) {
  const auto open = [](std::string_view, power::Seconds, power::Programs) -> std::unique_ptr<power::Meter> {
    return std::make_unique<Assuming>();
  };
  for (const auto without : {WithoutMeter::fails, WithoutMeter::estimates}) {
    std::string warning;
    open_named_meter({"ina219://x"}, 0, without, warning, open);
    EXPECT_EQ(warning, "0.1 ohm is assumed");
  }
}

TEST(RunMeter, SeveralAreOpenedInTheirOrderAndEachOnce) {
  std::vector<std::string> warnings;
  const auto open = [&](const MeterChoice& choice, WithoutMeter without = WithoutMeter::fails) {
    return open_named_meters(choice, 0, without, warnings, two_batteries);
  };
  const MeterChoice both{.uri = "estimate://?idle_W=1", .further = {"estimate://?idle_W=2", "estimate://"}};
  const auto meters = open(both);
  ASSERT_EQ(meters.size(), 3U);
  EXPECT_EQ(meters[0]->info().uri, "estimate://?idle_W=1");
  EXPECT_EQ(meters[1]->info().uri, "estimate://?idle_W=2");
  EXPECT_EQ(test::message_of<UsageError>([&] { open({.uri = "estimate://", .further = {"estimate://"}}); }),
            "the meter estimate:// is named twice; each -m is another meter");
  EXPECT_THAT(test::message_of<UsageError>([&] { open({.uri = "estimate://", .further = {"auto"}}); }),
              HasSubstr("only the first meter may be auto"));
  EXPECT_THAT(test::message_of<power::BadMeterUri>([&] { open({.uri = "estimate://", .further = {"exec://date?unit=W"}}); }),
              HasSubstr("runs a program"));
  EXPECT_THROW(open({.uri = "estimate://", .further = {"power_supply://none"}}, WithoutMeter::estimates),
               power::MeterUnavailable)
      << "a meter that was named is not replaced by an estimate";
  EXPECT_THAT(warnings, ::testing::IsEmpty());
  open({.uri = "auto", .further = {"estimate://?idle_W=2"}}, WithoutMeter::estimates);
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("joules are an estimate")));
}

TEST(RunMeter, AllRailsOfADeviceAreAMeterEach) {
  power::testing::FakeTree tree;
  const auto dir = tree.hwmon(0, "ina3221", "1-0040");
  for (const auto& [number, label] : {std::pair("1", "VDD_IN"), std::pair("2", "VDD_SOC")}) {
    tree.put(dir + "in" + number + "_label", label);
    tree.put(dir + "in" + number + "_input", "5000");
    tree.put(dir + "curr" + number + "_input", "1000");
  }
  std::vector<std::string> opened, warnings;
  const auto open = [&](std::string_view uri, power::Seconds, power::Programs) -> std::unique_ptr<power::Meter> {
    opened.emplace_back(uri);
    power::MeterInfo info;
    info.uri = uri;
    return std::make_unique<power::testing::FunctionMeter>(info, [](power::TimeNs) { return 1.0; });
  };
  open_named_meters({.uri = "estimate://", .further = {"hwmon://ina3221?channel=all"}}, 0, WithoutMeter::fails, warnings, open,
                    tree.roots);
  EXPECT_THAT(opened, ::testing::ElementsAre("estimate://", "hwmon://ina3221?label=VDD_IN", "hwmon://ina3221?label=VDD_SOC"));
  opened.clear();
  open_named_meters({.uri = "hwmon://ina3221?channel=all"}, 0, WithoutMeter::fails, warnings, open, tree.roots);
  EXPECT_THAT(opened, ::testing::ElementsAre("hwmon://ina3221?label=VDD_IN", "hwmon://ina3221?label=VDD_SOC"));
}

}  // namespace
}  // namespace tbft
