#include "harness/measurement/run_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tbft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<power::Meter> two_batteries(std::string_view uri, power::Seconds interval) {
  if (uri != "auto") return power::open_meter(uri, interval);
  throw power::MeterUnavailable("choose one: -m 'power_supply://BAT0', -m 'power_supply://BAT1'");
}

TEST(RunMeter, WhereAutoDoesNotGuessAnEstimateIsTakenAndBothAreSaid) {
  std::string warning;
  const auto meter = open_meter_or_estimate("auto", 0, warning, two_batteries);
  EXPECT_FALSE(meter->info().measured);
  EXPECT_THAT(warning, AllOf(HasSubstr("power_supply://BAT1"), HasSubstr("joules are an estimate")));
}

TEST(RunMeter, AMeterThatIsNamedAndMissingIsAnError) {
  std::string warning;
  EXPECT_THROW(open_meter_or_estimate("power_supply://no-such-battery", 0, warning, two_batteries), power::MeterUnavailable);
  EXPECT_EQ(warning, "");
  EXPECT_FALSE(open_meter_or_estimate("estimate://", 0, warning, two_batteries)->info().measured);
  EXPECT_EQ(warning, "") << "it was asked for";
}

}  // namespace
}  // namespace tbft
