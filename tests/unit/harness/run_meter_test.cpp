#include "harness/measurement/run_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tbft
