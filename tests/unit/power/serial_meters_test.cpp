// Serial meters on a real tty (a pty), in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "power/meters/list.h"
#include "tbft/power/registry.h"
#include "tests/support/serial_bench.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::Bench;
using testing::Bytes;
using ::testing::Each;
using ::testing::HasSubstr;

// Never the same twice in a row.
double ramp(double t_s) {
  return 0.5 + 0.01 * std::fmod(t_s, 100);
}

std::string why_unavailable(Bench& bench) {
  try {
    bench.meter->start(0);
  } catch (const MeterUnavailable& error) {
    return error.what();
  }
  return "";
}

TEST(SerialMeter, AChangingLoadGivesOneReadingForEachRefresh) {
  Bench bench;
  bench.device.amps_A = ramp;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(20);
  const auto samples = bench.samples();
  EXPECT_NEAR(static_cast<double>(samples.size()), 40, 1);
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
  for (std::size_t i = 1; i < samples.size(); ++i) {
    EXPECT_NEAR(samples[i].amps_A - samples[i - 1].amps_A, 0.005, 1e-9);
    EXPECT_DOUBLE_EQ(samples[i].power_W, samples[i].volts_V * samples[i].amps_A);
  }
  EXPECT_TRUE(bench.with(gap_begins).empty());
  EXPECT_TRUE(bench.with(reinitialised).empty());
}

TEST(SerialMeter, ItAsksAboutTenTimesASecondAndSendsNothingElse) {
  Bench bench;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(10);
  EXPECT_NEAR(static_cast<double>(bench.device.requests.size()), 100, 10);
  EXPECT_THAT(bench.device.requests, Each(0xF0));  // F4 would clear the meter's sums
}

TEST(SerialMeter, TheSameValuesAgainAreRepeatedUntilARefreshHasGoneBy) {
  Bench bench;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(20);
  EXPECT_NEAR(static_cast<double>(bench.samples().size()), 39, 2);  // a constant load, read again and again
  EXPECT_GT(bench.with(repeated).size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
}

TEST(SerialMeter, TheRealRefreshIsLearned) {
  for (const double refresh_s : {0.25, 0.41, 0.8}) {
    Bench bench;
    bench.device.refresh_s = refresh_s;
    // Every third refresh shows what the one before it showed.
    bench.device.amps_A = [&](double t_s) { return 0.5 + 0.01 * std::floor(t_s / refresh_s * 2 / 3); };
    bench.make(make_rd_um, "um34c");
    bench.meter->start(0);
    bench.run(30);
    EXPECT_NEAR(bench.meter->refresh_s(), refresh_s, 0.1 * refresh_s);
  }
}

// Whether the meter averages or not: the interval that a reading speaks of lies within what the meter says of its time.
TEST(SerialMeter, TimeStampsAreWithinTheStatedLatency) {
  for (const double mean_over_s : {0.0, 0.5}) {
    Bench bench;
    bench.device.mean_over_s = mean_over_s;
    bench.device.amps_A = [](double t_s) { return t_s / 50; };  // tells the time
    bench.make(make_rd_um, "um25c");
    bench.device.frame = [](double v, double a) {
      Bytes bytes = testing::um25c_frame();
      testing::put(bytes, 2, 2, testing::steps(v, 1e-3));
      testing::put(bytes, 4, 2, testing::steps(a, 1e-4));
      testing::put(bytes, 6, 4, testing::steps(v * a, 1e-3));
      return bytes;
    };
    bench.meter->start(0);
    bench.run(20);
    ASSERT_GT(bench.samples().size(), 30U);
    for (const Reading& r : bench.samples()) {
      EXPECT_NEAR(to_seconds(r.t_ns), r.amps_A * 50, bench.meter->info().latency_s / 2) << mean_over_s;
    }
  }
}

TEST(SerialMeter, PiecesNoiseAndWrongCheckSumsCostFramesAndNothingElse) {
  Bench bench;
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  int n = 0;
  bench.device.amps_A = ramp;
  bench.device.send = [&](Bytes frame) {
    if (++n % 3 == 0) frame[129] ^= 1U;
    Bytes noise(random() % 20);
    std::ranges::generate(noise, [&] { return static_cast<std::uint8_t>(random()); });
    std::vector<Bytes> pieces{noise};
    for (std::size_t at = 0; at < frame.size();) {
      const std::size_t length = std::min<std::size_t>(1 + random() % 40, frame.size() - at);
      pieces.emplace_back(frame.begin() + static_cast<std::ptrdiff_t>(at),
                          frame.begin() + static_cast<std::ptrdiff_t>(at + length));
      at += length;
    }
    return pieces;
  };
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(20);
  EXPECT_GT(bench.meter->stats().rejected, 30U);
  EXPECT_NEAR(static_cast<double>(bench.samples().size()), 39, 3);
  std::set<double> amps;
  for (const Reading& r : bench.samples()) {
    EXPECT_GE(r.amps_A, 0.5);
    EXPECT_LE(r.amps_A, 0.75);
    amps.insert(r.amps_A);
  }
  EXPECT_EQ(amps.size(), bench.samples().size());
  EXPECT_TRUE(bench.with(gap_begins).empty());
}

TEST(SerialMeter, AnAnswerThatNobodyWaitsForIsThrownAway) {
  Bench bench;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  // Right behind each answer comes another frame, of long ago.
  bench.device.send = [](Bytes frame) { return std::vector<Bytes>{std::move(frame), {}, {}, testing::um34c_frame(5, 3)}; };
  bench.run(10);
  for (const Reading& r : bench.readings) EXPECT_LT(r.amps_A, 2);
  EXPECT_GT(bench.samples().size(), 10U);
}

TEST(SerialMeter, SilenceBeyondTheGapLimitIsOneGapAndTimeOutsAreTriedAgain) {
  Bench bench;
  bool silent = false;
  bench.device.amps_A = ramp;
  bench.device.send = [&](Bytes frame) { return silent ? std::vector<Bytes>{} : std::vector<Bytes>{std::move(frame)}; };
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(5);
  silent = true;
  bench.run(5);
  ASSERT_EQ(bench.with(gap_begins).size(), 1U);
  EXPECT_TRUE(std::isnan(bench.with(gap_begins)[0].power_W));
  EXPECT_EQ(bench.readings.back().flags, gap_begins);
  EXPECT_GE(bench.meter->stats().timeouts, 5U);
  silent = false;
  bench.run(5);
  EXPECT_EQ(bench.with(gap_begins).size(), 1U);
  EXPECT_EQ(bench.with(reinitialised).size(), 0U);
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
  EXPECT_GT(to_seconds(bench.readings.back().t_ns), to_seconds(bench.clock->now()) - 1);
}

// The first frame after a silence shows values of unknown age.
TEST(SerialMeter, TimeStampsAreWithinTheStatedLatencyAfterASilenceToo) {
  for (int i = 0; i < 10; ++i) {
    const double resume_s = 3 + 0.55 * i;  // at all phases of the refresh
    Bench bench;
    bool silent = false;
    bench.device.amps_A = [](double t_s) { return t_s / 10; };  // tells the time
    bench.device.send = [&](Bytes frame) { return silent ? std::vector<Bytes>{} : std::vector<Bytes>{std::move(frame)}; };
    bench.make(make_rd_um, "um34c");
    bench.meter->start(0);
    bench.run(3);
    silent = true;
    bench.run(resume_s);
    silent = false;
    bench.run(3);
    ASSERT_EQ(bench.with(gap_begins).size(), 1U);
    for (const Reading& r : bench.samples()) {
      EXPECT_NEAR(to_seconds(r.t_ns), r.amps_A * 10, bench.meter->info().latency_s / 2) << resume_s;
    }
  }
}

TEST(SerialMeter, AGapLimitOfTheUriIsKept) {
  Bench bench;
  bench.make(make_rd_um, "um34c", "?gap_limit=4");
  bench.meter->start(0);
  bench.run(2);
  bench.device.send = [](const Bytes&) { return std::vector<Bytes>{}; };
  bench.run(3.5);
  EXPECT_EQ(bench.with(gap_begins).size(), 0U);
  bench.run(1.5);
  EXPECT_EQ(bench.with(gap_begins).size(), 1U);
}

TEST(SerialMeter, AnUnpluggedMeterIsFoundAgainWithGrowingPauses) {
  Bench bench;
  bench.device.amps_A = ramp;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(5);
  const TimeNs unplugged = bench.clock->now();
  bench.pty.unplug();
  bench.run(40);
  ASSERT_EQ(bench.with(gap_begins).size(), 1U);
  EXPECT_EQ(bench.readings.back().flags, gap_begins);
  std::vector<double> waits_s;
  for (std::size_t i = 2; i < bench.attempts.size(); ++i) {
    waits_s.push_back(std::round(10 * to_seconds(bench.attempts[i] - bench.attempts[i - 1])) / 10);
  }
  EXPECT_THAT(waits_s, ::testing::ElementsAre(1, 2, 4, 8, 10, 10));
  EXPECT_NEAR(to_seconds(bench.attempts[1] - unplugged), 0.55, 0.1);

  bench.pty.plug();  // another pts, the same name
  bench.run(15);
  EXPECT_EQ(bench.with(gap_begins).size(), 1U);
  const auto again = bench.with(reinitialised);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_GT(again[0].t_ns, unplugged + 35'000'000'000);
  EXPECT_TRUE(std::isfinite(again[0].power_W));
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));

  // A second unplug is a second gap, and the pauses begin anew.
  const std::size_t before = bench.attempts.size();
  bench.pty.unplug();
  bench.run(2);
  EXPECT_EQ(bench.with(gap_begins).size(), 2U);
  EXPECT_EQ(bench.attempts.size(), before + 2);
}

TEST(SerialMeter, AnotherModelAfterAReplugStaysAGap) {
  Bench bench;
  bench.device.amps_A = ramp;
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(3);
  bench.pty.unplug();
  bench.run(1);
  bench.device.frame = [](double, double) { return testing::um25c_frame(); };
  bench.pty.plug();
  bench.run(30);
  EXPECT_EQ(bench.with(gap_begins).size(), 1U);
  EXPECT_EQ(bench.readings.back().flags, gap_begins);
}

TEST(SerialMeter, AModelThatIsNotTheUrisIsNamed) {
  Bench bench;
  bench.device.frame = [](double, double) { return testing::um25c_frame(); };
  bench.make(make_rd_um, "um34c");
  EXPECT_THAT(why_unavailable(bench), AllOf(HasSubstr("UM25C"), HasSubstr("um25c://")));
}

TEST(SerialMeter, NoAnswerAtTheStartIsAnErrorWithWhatToLookAt) {
  Bench bench;
  bench.device.send = [](const Bytes&) { return std::vector<Bytes>{}; };
  bench.make(make_rd_um, "um34c");
  EXPECT_THAT(why_unavailable(bench), HasSubstr("is the meter on"));

  Bench noisy;
  noisy.device.send = [](const Bytes&) { return std::vector<Bytes>{{1, 2, 3, 4}}; };
  noisy.make(make_rd_um, "um34c");
  EXPECT_THAT(why_unavailable(noisy), HasSubstr("no valid frame"));
}

TEST(SerialMeter, AccuracyIsUnknownUnlessTheUriStatesIt) {
  Bench bench;
  bench.make(make_rd_um, "um34c");
  EXPECT_FALSE(bench.meter->info().accuracy.gain_limit_rel);
  EXPECT_FALSE(bench.meter->info().accuracy.offset_limit_A);
  EXPECT_EQ(bench.meter->info().accuracy.resolution_A, 1e-3);
  EXPECT_EQ(bench.meter->info().accuracy.resolution_V, 1e-2);
  EXPECT_TRUE(bench.meter->info().measured);
  bench.make(make_rd_um, "um34c", "?gain_pct=0.5&offset_A=0.002");
  EXPECT_EQ(bench.meter->info().accuracy.gain_limit_rel, 0.005);
  EXPECT_EQ(bench.meter->info().accuracy.offset_limit_A, 0.002);
  EXPECT_THROW(bench.make(make_rd_um, "um34c", "?shunt_ohm=1"), BadMeterUri);
}

TEST(SerialMeter, ATc66IsAskedAndRead) {
  Bench bench;
  bench.device.request = {'g', 'e', 't', 'v', 'a'};
  bench.device.amps_A = [](double t_s) { return 0.1 + t_s * 1e-4; };
  bench.device.frame = [](double v, double a) { return testing::tc66_frame(v, a); };
  bench.make(make_tc66, "tc66");
  bench.meter->start(0);
  bench.run(10);
  EXPECT_NEAR(static_cast<double>(bench.samples().size()), 20, 1);
  EXPECT_NEAR(bench.samples().back().power_W, 5 * bench.samples().back().amps_A, 1e-9);
  const std::string sent(bench.device.requests.begin(), bench.device.requests.end());
  EXPECT_EQ(sent.find_first_not_of("getva"), std::string::npos);
}

TEST(SerialMeter, AnAtorchSendsUnaskedAndEveryReportCounts) {
  Bench bench;
  bench.device.request = {};
  bench.device.refresh_s = 0.7;
  bench.device.frame = [](double v, double a) { return testing::atorch_frame(v, a); };
  bench.make(make_atorch, "atorch");
  bench.meter->start(0);
  bench.run(21);
  EXPECT_NEAR(static_cast<double>(bench.samples().size()), 30, 1);
  EXPECT_TRUE(bench.with(repeated).empty());
  EXPECT_NEAR(bench.meter->refresh_s(), 0.7, 0.02);
  EXPECT_TRUE(bench.device.requests.empty());
}

// A DL24 electronic load: another scale, and its check byte is noise.
TEST(SerialMeter, ALoadWhoseCheckByteIsNoiseIsReadWithoutIt) {
  Bench bench;
  bench.device.request = {};
  std::mt19937 random(3);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  bench.device.frame = [&](double v, double a) {
    Bytes bytes = testing::atorch_frame();
    bytes[3] = 2;
    testing::put(bytes, 4, 3, testing::steps(v, 0.1));
    testing::put(bytes, 7, 3, testing::steps(a, 1e-3));
    bytes[35] = static_cast<std::uint8_t>(random());
    return bytes;
  };
  bench.device.amps_A = [](double t_s) { return 0.105 + 0.001 * std::floor(t_s); };
  bench.make(make_atorch, "atorch");
  EXPECT_THAT(why_unavailable(bench), HasSubstr("?check=off"));
  bench.make(make_atorch, "atorch", "?check=off");
  EXPECT_DOUBLE_EQ(bench.meter->info().accuracy.resolution_V, 0.1);
  EXPECT_DOUBLE_EQ(bench.meter->info().accuracy.resolution_A, 1e-3);
  bench.meter->start(0);
  bench.run(10);
  ASSERT_GT(bench.samples().size(), 15U);
  for (const Reading& r : bench.samples()) {
    EXPECT_DOUBLE_EQ(r.volts_V, 5);
    EXPECT_NEAR(r.amps_A, 0.12, 0.02);
  }
  EXPECT_THROW(bench.make(make_atorch, "atorch", "?check=no"), BadMeterUri);
  EXPECT_THROW(bench.make(make_atorch, "atorch", "?kind=ac"), BadMeterUri);
}

TEST(SerialMeter, AnAtorchOfTheOtherScaleIsNamed) {
  Bench bench;
  bench.device.request = {};
  bench.device.frame = [](double v, double a) {
    Bytes bytes = testing::atorch_frame(v, a);
    bytes[3] = 2;
    bytes[35] = atorch::check_sum(std::span(bytes).first(35));
    return bytes;
  };
  bench.make(make_atorch, "atorch");
  EXPECT_THAT(why_unavailable(bench), HasSubstr("?kind=dc"));
  bench.make(make_atorch, "atorch", "?kind=dc");
  EXPECT_EQ(why_unavailable(bench), "");
}

// A Bluetooth link takes some seconds.
TEST(SerialMeter, ALateFirstAnswerIsWaitedFor) {
  Bench bench;
  const TimeNs ready = bench.clock->now() + 6'000'000'000;
  bench.device.send = [&](Bytes frame) {
    return bench.clock->now() < ready ? std::vector<Bytes>{} : std::vector<Bytes>{std::move(frame)};
  };
  bench.make(make_rd_um, "um34c");
  EXPECT_EQ(why_unavailable(bench), "");
  bench.run(5);
  EXPECT_GT(bench.samples().size(), 7U);
}

TEST(SerialMeter, AFrameWithImpossibleValuesIsNoReading) {
  Bench bench;
  int n = 0;
  bench.device.amps_A = ramp;
  bench.device.send = [&](Bytes frame) {
    if (++n % 4 == 0) frame[2] = 0xFF;  // the voltage's high byte, which the check sum leaves out: 655 V
    if (++n % 7 == 0) frame[4] ^= 1U;   // the current's
    return std::vector<Bytes>{std::move(frame)};
  };
  bench.make(make_rd_um, "um34c");
  bench.meter->start(0);
  bench.run(20);
  EXPECT_GT(bench.meter->stats().rejected, 20U);
  EXPECT_GT(bench.samples().size(), 30U);
  for (const Reading& r : bench.samples()) {
    EXPECT_DOUBLE_EQ(r.volts_V, 5);
    EXPECT_LT(r.amps_A, 0.75);
  }
}

TEST(SerialMeter, APortThatIsNotThereIsNotDescribed) {
  for (const std::string name : {"um24c", "um25c", "um34c", "tc66", "atorch"}) {
    try {
      open_meter(name + ":///dev/no-such-port");
      ADD_FAILURE() << name;
    } catch (const MeterUnavailable& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("/dev/no-such-port"), HasSubstr("plug the meter in")));
    }
  }
}

TEST(SerialMeter, AnAtorchForMainsIsRefused) {
  Bench bench;
  bench.device.request = {};
  bench.device.frame = [](double v, double a) {
    Bytes bytes = testing::atorch_frame(v, a);
    bytes[3] = 1;
    bytes[35] = atorch::check_sum(std::span(bytes).first(35));
    return bytes;
  };
  bench.make(make_atorch, "atorch");
  EXPECT_THAT(why_unavailable(bench), HasSubstr("only the USB meters"));
}

TEST(SerialMeter, AUriWithoutADeviceShowsOne) {
  for (const std::string name : {"um24c", "um25c", "um34c", "tc66", "atorch"}) {
    try {
      open_meter(name + "://");
      ADD_FAILURE() << name;
    } catch (const BadMeterUri& error) {
      EXPECT_THAT(error.what(), HasSubstr(name + ":///dev/"));
    }
  }
}

}  // namespace
}  // namespace tbft::power
