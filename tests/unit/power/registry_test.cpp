#include "tbft/power/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>

#include "power/protocol/counters.h"
#include "tbft/power/detect.h"
#include "tbft/power/uri.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Error>
std::string error_of(const std::string& uri, double interval_s = 0) {
  try {
    open_meter(uri, Seconds(interval_s), Programs::allowed);
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

// Opens a meter of this kind, which is nowhere, with one option: a wrong option is BadMeterUri, a right one a meter that is not
// there, or one that is.
std::string refusal_of(std::string_view kind, const std::string& option) {
  const std::map<std::string_view, std::string> elsewhere{{"ina226", "ina226:///dev/i2c-none?shunt_ohm=0.01"},
                                                          {"ina228", "ina228:///dev/i2c-none?shunt_ohm=0.01"},
                                                          {"ina3221", "ina3221:///dev/i2c-none?shunt_ohm=0.01"},
                                                          {"hwmon", "hwmon://no-such-sensor?gap_limit=1"},
                                                          {"remote", "remote://no-port?gap_limit=1"},
                                                          {"pmic", "pmic://?gap_limit=1"},
                                                          {"estimate", "estimate://?gap_limit=1"},
                                                          {"rapl", "rapl://no-such-zone?gap_limit=1"},
                                                          {"nvml", "nvml://no-such-card?gap_limit=1"},
                                                          {"power_supply", "power_supply://no-such-battery?gap_limit=1"},
                                                          {"exec", "exec://exit 3?unit=W"},
                                                          {"lines", "lines:///dev/no-such-pipe?unit=W"}};
  const auto found = elsewhere.find(kind);
  std::string uri = found != elsewhere.end() ? found->second : std::string(kind) + ":///dev/i2c-none?gap_limit=1";
  const auto name = option.substr(0, option.find('='));
  if (uri.find("?" + name + "=") != std::string::npos) uri = uri.substr(0, uri.find('?'));
  try {
    return error_of<BadMeterUri>(uri + (uri.find('?') == std::string::npos ? "?" : "&") + option);
  } catch (const MeterUnavailable&) {
    return "";
  }
}

TEST(Registry, EveryOptionOfTheTableIsAcceptedAndNoOther) {
  for (const MeterKind& kind : meter_kinds()) {
    ASSERT_FALSE(meter_options(kind.name).empty()) << kind.name;
    EXPECT_THAT(refusal_of(kind.name, "no_such_option=1"), HasSubstr("unknown option `no_such_option`")) << kind.name;
    for (const MeterOption& option : meter_options(kind.name)) {
      EXPECT_FALSE(option.meaning.empty()) << option.name;
      EXPECT_TRUE(option.fallback || !option.otherwise.empty()) << option.name << " has no default";
      const auto accepted = [&](std::string_view value) {
        const auto refusal = refusal_of(kind.name, fmt::format("{}={}", option.name, value));
        EXPECT_EQ(refusal.find("unknown option"), std::string::npos) << kind.name << ' ' << refusal;
        return refusal;
      };
      accepted("1");
      if (option.fallback && kind.name != "remote") {  // which would wait for a server
        EXPECT_EQ(accepted(fmt::format("{:g}", *option.fallback)), "") << kind.name << ' ' << option.name;
      }
    }
  }
}

TEST(Registry, EveryValueThatATableListsIsAccepted) {
  for (const MeterKind& kind : meter_kinds()) {
    for (const MeterOption& option : meter_options(kind.name)) {
      const bool list = option.values.find(", ") != std::string_view::npos && !option.values.starts_with("e.g.");
      for (std::string_view rest = list ? option.values : ""; !rest.empty();) {
        const auto end = std::min(rest.find(", "), rest.size());
        const auto text = fmt::format("{}={}", option.name, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
        if (kind.name == "hwmon") continue;  // it looks for the sensor first
        EXPECT_EQ(refusal_of(kind.name, text), "") << kind.name << ' ' << text;
      }
    }
  }
}

TEST(Registry, ANumberBeyondTheTablesRangeIsRefused) {
  for (const MeterKind& kind : meter_kinds()) {
    for (const MeterOption& option : meter_options(kind.name)) {
      // The others look for their device first.
      if (!(option.high > option.low) || !(kind.name.starts_with("ina") || kind.name == "estimate")) continue;
      for (const double wrong : {option.low - 1, option.high * 2})
        EXPECT_NE(refusal_of(kind.name, fmt::format("{}={:.0f}", option.name, wrong)), "") << kind.name << ' ' << option.name;
    }
  }
}

// The one place where it is decided: whatever takes a URI from a file, the environment or another machine gets this default.
TEST(Registry, AProgramIsRefusedUnlessItIsPermitted) {
  for (const MeterKind& kind : meter_kinds()) {
    EXPECT_EQ(kind.runs_program, kind.name == "exec") << kind.name;
    EXPECT_EQ(runs_program(kind.example), kind.runs_program) << kind.name;
  }
  for (const std::string uri : {"exec", "executable://x", "lines://exec://x", "EXEC://x", ""})
    EXPECT_FALSE(runs_program(uri)) << uri;
  const TemporaryFolder folder;
  const std::string uri = "exec://touch " + (folder / "ran").string() + "; echo 5.0; sleep 10?unit=W&period=1";
  EXPECT_THAT(message_of<BadMeterUri>([&] { open_meter(uri); }), AllOf(HasSubstr("runs a program"), HasSubstr("command line")));
  EXPECT_FALSE(std::filesystem::exists(folder / "ran"));
  EXPECT_NO_THROW(open_meter(uri, Seconds(0), Programs::allowed));
  EXPECT_TRUE(std::filesystem::exists(folder / "ran"));
}

TEST(Registry, EveryKindHasAGuide) {
  for (const MeterKind& kind : meter_kinds()) {
    const MeterGuide& guide = meter_guide(kind.name);
    for (const auto text : {guide.path, guide.rate, guide.accuracy, guide.tested, guide.setup[0]})
      EXPECT_FALSE(text.empty()) << kind.name;
    for (const auto part : guide.setup) EXPECT_TRUE(part.empty() || part.back() == '\n') << kind.name;
  }
  EXPECT_THROW(meter_guide("ina999"), BadMeterUri);
  EXPECT_TRUE(meter_options("ina999").empty());
}

TEST(Registry, EveryHintThatNamesAnIna219NamesItsShunt) {
  EXPECT_THAT(no_meter_found({}), HasSubstr("ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'"));
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
