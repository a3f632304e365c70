#include "tbft/power/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::simple_meter;

std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TraceFile parse(const std::string& text) {
  std::istringstream in(text);
  return read_trace(in, "t.csv");
}

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

const std::string head =
    "# tbft trace 1\n# meter: fake://\n# nominal_period_s: 1\nt_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n";

MeterInfo full_meter() {
  MeterInfo meter = simple_meter(0.001);
  meter.uri = "ina219:///dev/i2c-1?addr=0x40";
  meter.description = "INA219, shunt 0.1 ohm";
  meter.scope = Scope::rail;
  meter.measured = false;
  meter.averaging_s = 1.064e-3;
  meter.current_share = 0.5;
  meter.latency_s = 1e-4;
  meter.accuracy = {
      .gain_limit_rel = 0.0173, .offset_limit_A = 1e-3, .offset_limit_W = 0.25, .resolution_A = 1e-4, .resolution_V = 0.004};
  return meter;
}

TEST(TraceFile, WhatIsWrittenIsReadBackBitForBit) {
  const TemporaryFolder dir;
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> value(-10, 10);
  std::vector<Reading> readings;
  {
    TraceWriter writer(dir / "t.csv", full_meter(), {.steady_ns = 123, .system_ns = 1'700'000'000'000'000'000});
    writer.write(Mark{.t_ns = 5, .name = "cell/1", .opens = true});
    for (int i = 0; i < 5000; ++i) {
      const Reading r{.t_ns = TimeNs{i} * 1000003,
                      .volts_V = value(random),
                      .amps_A = i % 3 == 0 ? unknown : value(random),
                      .power_W = value(random),
                      .energy_J = unknown,
                      .flags = static_cast<std::uint8_t>(i % 32)};
      readings.push_back(r);
      writer.write(r);
    }
    writer.write(Mark{.t_ns = 4'000'000'000, .name = "cell/1", .opens = false});
    writer.close();
  }
  const TraceFile trace = read_trace(dir / "t.csv");
  EXPECT_FALSE(trace.torn_tail);
  ASSERT_EQ(trace.segments.size(), 1U);
  const TraceSegment& s = trace.segments[0];
  ASSERT_EQ(s.readings.size(), readings.size());
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const Reading& a = s.readings[i];
    const Reading& b = readings[i];
    ASSERT_TRUE(a.t_ns == b.t_ns && a.flags == b.flags && same(a.volts_V, b.volts_V) && same(a.amps_A, b.amps_A) &&
                same(a.power_W, b.power_W) && same(a.energy_J, b.energy_J))
        << i;
  }
  ASSERT_EQ(s.windows.size(), 1U);
  EXPECT_EQ(s.windows[0].name, "cell/1");
  EXPECT_EQ(s.windows[0].t0_ns, 5);
  EXPECT_EQ(s.windows[0].t1_ns, 4'000'000'000);
  const MeterInfo want = full_meter();
  EXPECT_EQ(s.meter.uri, want.uri);
  EXPECT_EQ(s.meter.description, want.description);
  EXPECT_EQ(s.meter.scope, want.scope);
  EXPECT_FALSE(s.meter.measured);
  EXPECT_EQ(s.meter.averaging_s, want.averaging_s);
  EXPECT_EQ(s.meter.current_share, want.current_share);
  EXPECT_EQ(s.meter.latency_s, want.latency_s);
  EXPECT_EQ(s.meter.gap_limit_s, want.gap_limit_s);
  EXPECT_EQ(s.meter.accuracy.gain_limit_rel, want.accuracy.gain_limit_rel);
  EXPECT_EQ(s.meter.accuracy.offset_limit_V, std::nullopt);
  EXPECT_EQ(s.meter.accuracy.offset_limit_W, 0.25);
  EXPECT_EQ(s.meter.accuracy.resolution_V, 0.004);
  EXPECT_EQ(s.clock.steady_ns, 123);
  EXPECT_EQ(s.clock.system_ns, 1'700'000'000'000'000'000);
}

TEST(TraceFile, AResumedRunAddsASegmentAfterCuttingTheTornLine) {
  const TemporaryFolder dir;
  { TraceWriter(dir / "t.csv", full_meter(), {}).write(Reading{.t_ns = 9'000'000'000, .power_W = 1}); }
  std::ofstream(dir / "t.csv", std::ios::app) << "9000000001,5,0.";
  EXPECT_TRUE(read_trace(dir / "t.csv").torn_tail);
  EXPECT_EQ(read_trace(dir / "t.csv").segments[0].readings.size(), 1U);
  {
    TraceWriter(dir / "t.csv", full_meter(), {}).write(Reading{.t_ns = 1, .power_W = 2});
  }  // after a reboot the clock begins anew
  const TraceFile trace = read_trace(dir / "t.csv");
  EXPECT_FALSE(trace.torn_tail);
  ASSERT_EQ(trace.segments.size(), 2U);
  EXPECT_EQ(trace.segments[0].readings.size(), 1U);
  EXPECT_EQ(trace.segments[1].readings.size(), 1U);
  EXPECT_EQ(trace.segments[1].meter.uri, full_meter().uri);
}

TEST(TraceFile, ATraceTornInsideItsHeaderIsBegunAgain) {
  const TemporaryFolder dir;
  std::ofstream(dir / "t.csv") << "# tbft trace 1\n# meter: x://\n# descr";
  { TraceWriter(dir / "t.csv", full_meter(), {}).write(Reading{.t_ns = 1, .power_W = 2}); }
  EXPECT_EQ(read_trace(dir / "t.csv").segments.size(), 1U);
}

TEST(TraceFile, AnotherFileIsNeverOverwritten) {
  const TemporaryFolder dir;
  std::ofstream(dir / "notes.txt") << "my notes\n";
  EXPECT_THROW(TraceWriter(dir / "notes.txt", full_meter(), {}), TraceError);
  EXPECT_EQ(slurp(dir / "notes.txt"), "my notes\n");
}

TEST(TraceFile, AFileThatCannotBeWrittenIsNamed) {
  try {
    TraceWriter writer("/proc/none/t.csv", full_meter(), {});
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/proc/none/t.csv"));
  }
}

TEST(TraceFile, AFullDiskIsAnErrorAndNotASilentLoss) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  EXPECT_THROW(TraceWriter("/dev/full", full_meter(), {}), std::system_error);
}

TEST(TraceFile, EveryMalformedLineIsNamedWithItsNumber) {
  EXPECT_THAT(error_of(head + "1,2,3\n"), AllOf(HasSubstr("t.csv:5:"), HasSubstr("3 fields, a row has 7")));
  EXPECT_THAT(error_of(head + "x,,,1,,,\n"), HasSubstr("t.csv:5: `x` is not an instant"));
  EXPECT_THAT(error_of(head + "1,,,1e999,,,\n"), HasSubstr("power_W"));
  EXPECT_THAT(error_of(head + "1,,,nan,,,\n"), HasSubstr("power_W"));
  EXPECT_THAT(error_of(head + "9223372036854775807,,,1,,,\n"), HasSubstr("instant"));
  EXPECT_THAT(error_of(head + "1,,,1,,q,\n"), HasSubstr("flag `q`"));
  EXPECT_THAT(error_of(head + "2,,,1,,,\n1,,,1,,,\n"), HasSubstr("t.csv:6: earlier"));
  EXPECT_THAT(error_of(head + "1,,,1,,,+a\n"), HasSubstr("a mark has no values"));
  EXPECT_THAT(error_of(head + "1,,,,,,a\n"), HasSubstr("mark `a`"));
  EXPECT_THAT(error_of(head + "1,,,,,,-a\n"), HasSubstr("was not open"));
  EXPECT_THAT(error_of(head + "1,,,,,,+a\n1,,,,,,+a\n"), HasSubstr("open already"));
  EXPECT_THAT(error_of(head + "2,,,,,,+a\n1,,,,,,-a\n"), HasSubstr("earlier than the mark"));
  EXPECT_THAT(error_of(head + std::string(5000, '1') + "\n"), HasSubstr("longer than"));
  EXPECT_THAT(error_of("# tbft trace 1\n# gap_limit_s: -1\n"), HasSubstr("t.csv:2: gap_limit_s"));
  EXPECT_THAT(error_of("# tbft trace 1\n# scope: moon\n"), HasSubstr("scope"));
  EXPECT_THAT(error_of("# tbft trace 1\n"), HasSubstr("columns"));
  EXPECT_THAT(error_of("hello\n"), HasSubstr("not a trace"));
  EXPECT_THAT(error_of(""), HasSubstr("trace"));
  EXPECT_EQ(error_of(head + "1,5,1,5,,sg,\n2,,,,,,+a\n3,,,,,,-a\n4,5,,"), "");
}

TEST(TraceFile, DamagedBytesGiveAnErrorOrATraceAndNothingWorse) {
  const std::string good = head + "1,5,1,5,,,\n2,,,,,,+a\n3,5,1,5,,s,\n4,,,,,,-a\n5,5,1,5,7,r,\n";
  std::mt19937 random(5);
  int read = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (int n = 0; n <= i % 4; ++n) text[random() % text.size()] = static_cast<char>(random());
    if (i % 3 == 0) text.resize(random() % text.size());
    try {
      for (const auto& named : integrate(parse(text))) {
        ASSERT_EQ(named.windows.size(), named.parts.size()) << text;
        for (const auto& window : named.windows) ASSERT_LE(window.t0_ns, window.t1_ns) << text;
        ASSERT_TRUE(!named.energy.valid || std::isfinite(named.energy.energy_J)) << text;
      }
      ++read;
    } catch (const TraceError& error) {
      ASSERT_THAT(error.what(), HasSubstr("t.csv"));
      ++refused;
    }
  }
  EXPECT_GT(read, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(TraceFile, AGapLimitBetweenRowsHoldsFromTheNextReadingOn) {
  const auto row = [](int t_s) { return std::to_string(t_s * 1'000'000'000LL) + ",,,2,,,\n"; };
  // A reading a second, then one in 6 s; without a limit in the file it is three of the usual periods.
  const auto integrated = [&](const std::string& between) {
    std::string text = head;
    for (int t_s = 0; t_s <= 5; ++t_s) text += row(t_s);
    text += between;
    for (int t_s = 11; t_s <= 29; t_s += 6) text += row(t_s);
    text += "1000000000,,,,,,+before\n4000000000,,,,,,-before\n12000000000,,,,,,+after\n28000000000,,,,,,-after\n";
    return integrate(parse(text));
  };
  const auto changed = integrated("# gap_limit_s: 18\n");
  EXPECT_DOUBLE_EQ(changed.at(0).energy.energy_J, 6);
  EXPECT_DOUBLE_EQ(changed.at(1).energy.energy_J, 32) << changed.at(1).energy.reason;
  // A version that wrote no such lines kept the first limit.
  const auto old = integrated("# averaging_s: 6\n");
  EXPECT_DOUBLE_EQ(old.at(0).energy.energy_J, 6);
  EXPECT_FALSE(old.at(1).energy.valid);
}

TEST(TraceFile, IntegrateTakesWindowsByNameAndSegment) {
  std::string text = head;
  for (int i = 0; i <= 10; ++i) text += std::to_string(i * 1'000'000'000LL) + ",,,2,,,\n";
  text +=
      "1000000000,,,,,,+a\n2000000000,,,,,,-a\n3000000000,,,,,,+a\n3000000000,,,,,,+b\n8500000000,,,,,,-a\n9000000000,,,,,,-"
      "b\n";
  text += "9500000000,,,,,,+never\n";
  const auto windows = integrate(parse(text));
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].name, "a");
  EXPECT_EQ(windows[0].parts.size(), 2U);
  EXPECT_DOUBLE_EQ(windows[0].energy.energy_J, 13);
  EXPECT_EQ(windows[1].name, "b");
  EXPECT_DOUBLE_EQ(windows[1].energy.energy_J, 12);
}

}  // namespace
}  // namespace tbft::power
