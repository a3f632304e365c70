#include "tbft/power/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "power/protocol/counters.h"
#include "tbft/power/uri.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Error>
std::string error_of(const std::string& uri, double interval_s = 0) {
  try {
    open_meter(uri, Seconds(interval_s));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Uri, PartsAndOptionsAreTakenApart) {
  const MeterUri uri = parse_meter_uri("ina219:///dev/i2c-1?shunt_ohm=0.1&addr=0x41");
  EXPECT_EQ(uri.name, "ina219");
  EXPECT_EQ(uri.path, "/dev/i2c-1");
  EXPECT_EQ(uri.integer("addr", 0x40, 0x4F), 0x41);
  EXPECT_EQ(uri.number("shunt_ohm", 0, 1), 0.1);
  EXPECT_EQ(uri.number("max_A", 0, 1), std::nullopt);
  EXPECT_EQ(to_string(uri), "ina219:///dev/i2c-1?addr=0x41&shunt_ohm=0.1");
  EXPECT_EQ(parse_meter_uri("estimate://").path, "");
}

TEST(Uri, WhatIsMalformedIsRefusedWithTheForm) {
  for (const std::string bad :
       {"", "ina219", "://x", "a:/b", "a://b?c", "a://b?=1", "a://b?c=1&c=2", "a://b?c=\n", "a://b?c=1&&d=2"}) {
    EXPECT_THAT(error_of<BadMeterUri>(bad), HasSubstr("name://path")) << bad;
  }
  EXPECT_THAT(error_of<BadMeterUri>("a://" + std::string(2000, 'x')), HasSubstr("1024"));
}

TEST(Uri, WhatWouldEndAPathOrAValueIsWrittenInPercent) {
  const MeterUri uri = parse_meter_uri("replay://a%3Fb%25c%2fd 100%.csv?key_file=x%26y");
  EXPECT_EQ(uri.path, "a?b%c/d 100%.csv");
  EXPECT_EQ(uri.options.at("key_file"), "x&y");
  EXPECT_EQ(to_string(uri), "replay://a%3Fb%c/d 100%.csv?key_file=x%26y");
  for (const std::string path : {"a?b", "%3F", "100%", "%%3F", "a&b", "%zz", "%-1"}) {
    MeterUri any;
    any.name = "replay";
    any.path = path;
    any.options["x"] = path;
    const MeterUri again = parse_meter_uri(to_string(any));
    EXPECT_EQ(again.path, path);
    EXPECT_EQ(again.options.at("x"), path);
  }
  EXPECT_THROW(parse_meter_uri("replay://a%0Ab"), BadMeterUri);
  EXPECT_THROW(parse_meter_uri("replay://a?k=%00"), BadMeterUri);
  try {
    parse_meter_uri("replay://a?b.csv");
    FAIL();
  } catch (const BadMeterUri& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("%3F stands for a ? in the path"));
  }
}

TEST(Uri, NumbersAreCheckedToTheirEnd) {
  for (const std::string bad : {"", "1x", " 1", "nan", "inf", "-1", "101"}) {
    EXPECT_THROW(parse_meter_uri("a://?x=" + bad).number("x", 0, 100), BadMeterUri) << bad;
  }
  for (const std::string bad : {"", "0x", "1.5", "0x1g", "99999999999999999999"}) {
    EXPECT_THROW(parse_meter_uri("a://?x=" + bad).integer("x", 0, 100), BadMeterUri) << bad;
  }
}

TEST(Uri, AnAddressWithout0xIsGuessedInTheMessageAlone) {
  EXPECT_THAT(error_of<BadMeterUri>("ina219:///dev/i2c-1?addr=40&shunt_ohm=0.1"), HasSubstr("perhaps addr=0x40?"));
  EXPECT_THAT(error_of<BadMeterUri>("ina226:///dev/i2c-1?addr=4f&shunt_ohm=0.1"), HasSubstr("perhaps addr=0x4f?"));
  EXPECT_THAT(error_of<BadMeterUri>("ina219:///dev/i2c-1?addr=99&shunt_ohm=0.1"), ::testing::Not(HasSubstr("perhaps")));
}

TEST(Registry, AutoTakesAMeasuredMeterOrSaysWhatToName) {
  try {
    EXPECT_TRUE(open_meter("auto")->info().measured);  // whatever this machine has
  } catch (const MeterUnavailable& error) {
    EXPECT_THAT(error.what(),
                ::testing::AnyOf(AllOf(HasSubstr("ina219://"), HasSubstr("estimate://")), HasSubstr("choose one")));
  }
}

TEST(Registry, EveryExampleNamesItsOwnMeter) {
  for (const MeterKind& kind : meter_kinds()) EXPECT_EQ(parse_meter_uri(kind.example).name, kind.name);
}

TEST(Registry, AnImpossibleIntervalIsRefused) {
  EXPECT_THAT(error_of<BadMeterUri>("estimate://", -1), HasSubstr("interval"));
  EXPECT_THAT(error_of<BadMeterUri>("estimate://", unknown), HasSubstr("interval"));
}

TEST(Counter, ImpossibleRangesAndCountsAreRefused) {
  EXPECT_THROW(CounterUnwrapper(0, 1, 1), std::invalid_argument);
  EXPECT_THROW(CounterUnwrapper(1, 1, unknown), std::invalid_argument);
  CounterUnwrapper counter(100, 1, 1);
  EXPECT_THROW(counter.next(0, 101), std::out_of_range);
}

TEST(Counter, AnImpossibleCountIsAFailedReadUntilTheNextOneShowsThatItBeganAnew) {
  constexpr TimeNs second = 1'000'000'000;
  CounterGuard counter(10, 1);  // 10 W, a joule ahead at most
  EXPECT_EQ(counter.next(0, 100)->energy_J, 100);
  EXPECT_EQ(counter.next(second, 111)->energy_J, 111);
  EXPECT_FALSE(counter.next(2 * second, 1e6)) << "a damaged read";
  EXPECT_EQ(counter.next(3 * second, 130)->energy_J, 130) << "20 J in two seconds";
  EXPECT_FALSE(counter.next(4 * second, 0)) << "another";
  EXPECT_EQ(counter.next(5 * second, 140)->energy_J, 140);
  EXPECT_FALSE(counter.next(6 * second, 2));
  const auto anew = counter.next(7 * second, 5);
  ASSERT_TRUE(anew);
  EXPECT_TRUE(anew->began_anew);
  EXPECT_EQ(anew->energy_J, 140) << "goes on from where it was";
  EXPECT_EQ(counter.next(8 * second, 9)->energy_J, 144);
  // A jump stays one however much time goes by.
  EXPECT_FALSE(counter.next(9 * second, 1000));
  EXPECT_TRUE(counter.next(300 * second, 1004)->began_anew);
}

TEST(Counter, CountsBeyond32BitsAreExact) {
  CounterUnwrapper counter(1ULL << 62U, 1, 1e6);
  counter.next(0, (1ULL << 62U) - 1);
  EXPECT_EQ(counter.next(1, 4).energy_J, 5);
}

}  // namespace
}  // namespace tbft::power
