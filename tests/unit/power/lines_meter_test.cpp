// exec:// and lines://: lines in virtual time, then real programs, pipes and files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>

#include "power/bus/byte_source.h"
#include "power/meters/list.h"
#include "tbft/power/energy.h"
#include "tbft/power/registry.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ManualClock;

constexpr TimeNs ms = 1'000'000;

// Bytes that arrive at given instants of a clock.
class Script final : public ByteSource {
 public:
  struct Parts {
    std::multimap<TimeNs, std::string> at;
    TimeNs ends = std::numeric_limits<TimeNs>::max();
  };
  Script(std::shared_ptr<ManualClock> clock, std::shared_ptr<Parts> parts)
      : clock_(std::move(clock)), parts_(std::move(parts)) {}

  std::optional<std::size_t> read(std::span<char> into) override {
    for (auto part = parts_->at.begin(); part != parts_->at.end() && part->first <= clock_->now();
         part = parts_->at.erase(part))
      there_ += part->second;
    if (there_.empty() && clock_->now() >= parts_->ends) return std::nullopt;
    const std::size_t n = std::min(into.size(), there_.size());
    std::copy_n(there_.begin(), n, into.begin());
    there_.erase(0, n);
    return n;
  }
  std::string end() override { return "the program ended with exit code 7"; }

 private:
  std::shared_ptr<ManualClock> clock_;
  std::shared_ptr<Parts> parts_;
  std::string there_;
};

// A meter over a script, polled in virtual time.
struct Bench {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<Script::Parts> parts = std::make_shared<Script::Parts>();
  std::unique_ptr<Meter> meter;
  std::vector<Reading> readings;
  TimeNs begun = clock->now();

  double seconds() const { return to_seconds(clock->now() - begun); }
  // The text arrives so many seconds after the beginning.
  void at(double t_s, std::string text) { parts->at.emplace(begun + from_seconds(t_s), std::move(text)); }
  // A line each `every_s` until `until_s`.
  void every(double every_s, double until_s, const std::function<std::string(double t_s)>& line) {
    for (int i = 1; i * every_s <= until_s; ++i) at(i * every_s, line(i * every_s) + "\n");
  }
  void open(const std::string& uri) {
    meter = make_lines(parse_meter_uri(uri), std::make_unique<Script>(clock, parts), clock);
    meter->start(0);
  }
  void run(double until_s) {
    while (seconds() < until_s) {
      clock->sleep_until(meter->next_poll(clock->now() + 50 * ms));
      while (const auto reading = meter->poll(clock->now())) readings.push_back(*reading);
    }
  }
  std::size_t with(Flag flag) const {
    return static_cast<std::size_t>(std::ranges::count_if(readings, [&](const Reading& r) { return (r.flags & flag) != 0; }));
  }
  double at_s(const Reading& r) const { return to_seconds(r.t_ns - begun); }
};

std::string five(double /*t_s*/) {
  return "5.0";
}

TEST(LinesMeter, WattsAreStampedWithinTheLatencyThatItStates) {
  Bench bench;
  bench.every(0.05, 10, [](double t_s) { return fmt::format("{:.3f}", t_s); });  // the watts tell the time
  bench.open("exec://x?unit=W");
  const MeterInfo& info = bench.meter->info();
  EXPECT_NEAR(info.nominal_period_s, 0.05, 0.005);
  EXPECT_NEAR(info.latency_s, 0.055, 0.006);
  EXPECT_EQ(info.gap_limit_s, 0.5);
  EXPECT_EQ(info.scope, Scope::board);
  EXPECT_TRUE(info.measured);
  EXPECT_FALSE(info.counter);
  EXPECT_DOUBLE_EQ(info.accuracy.resolution_W, 1e-3);
  EXPECT_THAT(info.description, HasSubstr("(assumed)"));
  bench.run(10);
  EXPECT_GT(bench.readings.size(), 180U);
  for (const Reading& r : bench.readings) {
    EXPECT_EQ(r.flags, 0);
    EXPECT_NEAR(bench.at_s(r), r.power_W, info.latency_s / 2 + 1e-6);
    // In the middle of the latency before the poll that finds the line, at most 5 ms after it came.
    EXPECT_NEAR(bench.at_s(r), r.power_W - info.latency_s / 2, 0.005 + 1e-6);
  }
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
}

TEST(LinesMeter, UIsUnknownUnlessTheUserStatesTheAccuracy) {
  for (const auto& [options, known] :
       std::map<std::string, bool>{{"", false}, {"&gain_pct=1", false}, {"&gain_pct=1&offset_W=0.1", true}}) {
    Bench bench;
    bench.every(0.05, 4, five);
    bench.open("exec://x?unit=W" + options);
    bench.run(4);
    const Window window{.name = "w", .t0_ns = bench.begun + 1000 * ms, .t1_ns = bench.begun + 3000 * ms};
    const Energy e = energy(bench.readings, window, bench.meter->info());
    ASSERT_TRUE(e.valid) << e.reason;
    EXPECT_NEAR(e.energy_J, 10, 1e-6);
    EXPECT_EQ(std::isfinite(e.U_J), known) << options;
    EXPECT_NEAR(e.U_random_J, 2 * 2 * 0.1 / std::sqrt(12), 1e-6) << "the step of 0.1 W of what is printed";
  }
}

TEST(LinesMeter, VoltsAndAmperesAreMultiplied) {
  Bench bench;
  bench.every(0.1, 4, [](double) { return "5.10,0.500"; });
  bench.open("lines:///x?unit=V,A&gain_pct=1&offset_A=0.001&scope=rail");
  EXPECT_EQ(bench.meter->info().scope, Scope::rail);
  EXPECT_DOUBLE_EQ(bench.meter->info().accuracy.resolution_V, 0.01);
  EXPECT_DOUBLE_EQ(bench.meter->info().accuracy.resolution_A, 0.001);
  bench.run(4);
  ASSERT_GT(bench.readings.size(), 20U);
  EXPECT_DOUBLE_EQ(bench.readings.back().power_W, 5.1 * 0.5);
  EXPECT_DOUBLE_EQ(bench.readings.back().volts_V, 5.1);
}

TEST(LinesMeter, JoulesAreACounter) {
  Bench bench;
  bench.every(0.1, 6, [](double t_s) { return fmt::format("{:.2f}", 1000 + 3 * t_s); });
  bench.open("exec://x?unit=J&gain_pct=1");
  EXPECT_TRUE(bench.meter->info().counter);
  EXPECT_DOUBLE_EQ(bench.meter->info().accuracy.resolution_J, 0.01);
  bench.run(6);
  const Window window{.name = "w", .t0_ns = bench.begun + 2000 * ms, .t1_ns = bench.begun + 5000 * ms};
  const Energy e = energy(bench.readings, window, bench.meter->info());
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 9, 0.05);
  EXPECT_TRUE(std::isfinite(e.U_J)) << "a counter's offset is 0";
  EXPECT_LT(std::abs(e.energy_J - 9), e.U_J);
}

// Each line is late by another time; the program's own times are exact, on a clock of its own.
TEST(LinesMeter, ATimeBeforeTheValuesGivesTheSpacingOfTheReadings) {
  Bench bench;
  for (int i = 1; i <= 200; ++i)
    bench.at(i * 0.05 + 0.03 * (i * 7 % 11) / 11, fmt::format("{:.3f},{:.3f}\n", 1e9 + i * 0.05, i * 0.05));
  bench.open("exec://x?unit=t,W&latency=0.02");
  bench.run(10);
  ASSERT_GT(bench.readings.size(), 150U);
  for (std::size_t i = 30; i < bench.readings.size(); ++i) {
    EXPECT_NEAR(to_seconds(bench.readings[i].t_ns - bench.readings[i - 1].t_ns), 0.05, 1e-6);
    EXPECT_NEAR(bench.at_s(bench.readings[i]) + 0.01, bench.readings[i].power_W, 0.006) << "the fastest line, and a poll";
  }
}

TEST(LinesMeter, AProgramsClockThatJumpsBeginsAnewWithAGap) {
  for (const double jump_s : {-100.0, 100.0}) {
    Bench bench;
    for (int i = 1; i <= 200; ++i) bench.at(i * 0.05, fmt::format("{:.2f} 5\n", i * 0.05 + (i > 100 ? jump_s : 0) + 1000));
    bench.open("exec://x?unit=t,W");
    bench.run(10);
    EXPECT_EQ(bench.with(reinitialised), 1U) << jump_s;
    EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
    EXPECT_NEAR(bench.at_s(bench.readings.back()), 10, 0.1);
  }
}

TEST(LinesMeter, SeveralLinesOfOnePollAreSpreadOverTheTimeSinceTheLast) {
  Bench bench;
  bench.every(0.001, 3, five);
  bench.open("exec://x?unit=W");
  bench.run(3);
  ASSERT_GT(bench.readings.size(), 2000U);
  for (std::size_t i = 20; i < bench.readings.size(); ++i)
    EXPECT_NEAR(to_seconds(bench.readings[i].t_ns - bench.readings[i - 1].t_ns), 0.001, 0.0011);
}

TEST(LinesMeter, SilenceIsOneGapAndUnknownIsOneToo) {
  Bench bench;
  bench.every(0.05, 3, five);
  bench.at(3.2, "nan\n");
  for (int i = 0; i < 60; ++i) bench.at(5 + i * 0.05, "5.0\n");
  bench.open("exec://x?unit=W");
  bench.run(8);
  EXPECT_EQ(bench.with(gap_begins), 2U) << "nan, then silence";
  EXPECT_TRUE(std::ranges::is_sorted(bench.readings, {}, &Reading::t_ns));
  for (const Reading& r : bench.readings) EXPECT_EQ(std::isnan(r.power_W), (r.flags & gap_begins) != 0) << "never 0 W";
}

TEST(LinesMeter, AProgramThatEndsIsAGapAndThenAnError) {
  Bench bench;
  bench.every(0.05, 2, five);
  bench.at(2.01, "5");  // cut short: not a line
  bench.parts->ends = bench.begun + from_seconds(2.02);
  bench.open("exec://x?unit=W");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { bench.run(3); }), AllOf(HasSubstr("exec://x"), HasSubstr("exit code 7")));
  EXPECT_LT(bench.seconds(), 2.1);
  ASSERT_FALSE(bench.readings.empty());
  EXPECT_EQ(bench.readings.back().flags, gap_begins);
  EXPECT_EQ(bench.with(gap_begins), 1U);
}

TEST(LinesMeter, ALineThatIsNoNumberIsAGapAndThenAnError) {
  Bench bench;
  bench.every(0.05, 2, five);
  bench.at(2.01, "offline\n5.0\n");
  bench.open("exec://x?unit=W");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { bench.run(3); }), HasSubstr("`offline`"));
  EXPECT_EQ(bench.readings.back().flags, gap_begins);
  EXPECT_EQ(bench.with(gap_begins), 1U);
}

TEST(LinesMeter, WhatWasPrintedBeforeTheStartIsNoReading) {
  Bench bench;
  bench.every(0.05, 20, [](double t_s) { return fmt::format("{:.3f}", t_s); });
  bench.meter = make_lines(parse_meter_uri("exec://x?unit=W"), std::make_unique<Script>(bench.clock, bench.parts), bench.clock);
  bench.clock->advance(from_seconds(9));  // images are loaded meanwhile
  bench.meter->start(0);
  bench.run(12);
  ASSERT_FALSE(bench.readings.empty());
  EXPECT_GT(bench.readings.front().power_W, 9);
  for (const Reading& r : bench.readings) EXPECT_NEAR(bench.at_s(r), r.power_W, 0.03);
}

TEST(LinesMeter, TheFirstLinesOrTheUserGiveThePeriod) {
  {
    Bench slow;
    slow.every(1, 30, five);
    slow.open("exec://x?unit=W");
    EXPECT_NEAR(slow.meter->info().nominal_period_s, 1, 0.01);
    EXPECT_NEAR(slow.meter->info().gap_limit_s, 3, 0.05);
  }
  Bench stated;
  stated.every(1, 30, five);
  stated.open("exec://x?unit=W&period=0.5&latency=2&gap_limit=7");
  EXPECT_EQ(stated.meter->info().nominal_period_s, 0.5);
  EXPECT_EQ(stated.meter->info().latency_s, 2);
  EXPECT_EQ(stated.meter->info().gap_limit_s, 7);
  EXPECT_LT(stated.seconds(), 1.1) << "one line is enough";
}

// As `tail -f` begins with the last ten lines of a file.
TEST(LinesMeter, LinesThatWereThereBeforeTheFirstPollDoNotShortenThePeriod) {
  for (const double period_s : {1.0, 2.9}) {
    Bench tail;
    std::string old;
    for (int i = 0; i < 10; ++i) old += "5.0\n";
    tail.at(0, old);
    for (int i = 0; i < 10; ++i) tail.at(0.2 + i * period_s, "5.0\n");
    tail.open("exec://x?unit=W");
    EXPECT_NEAR(tail.meter->info().nominal_period_s, period_s, 0.01);
    EXPECT_NEAR(tail.meter->info().latency_s, period_s + 0.005, 0.01);
    EXPECT_LT(tail.seconds(), 4.3);
  }
}

TEST(LinesMeter, WhatGivesNoLinesInTimeIsNoMeter) {
  Bench silent;
  EXPECT_THAT(message_of<MeterUnavailable>([&] { silent.open("exec://x?unit=W&timeout=3"); }),
              AllOf(HasSubstr("no line within 3 s"), HasSubstr("stdbuf -oL")));
  EXPECT_NEAR(silent.seconds(), 3, 0.01);
  Bench once;
  once.at(0.5, "5\n");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { once.open("exec://x?unit=W"); }), HasSubstr("period="));
  Bench buffered;
  for (int i = 0; i < 300; ++i) buffered.at(0.5, "5.0\n");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { buffered.open("exec://x?unit=W"); }), HasSubstr("came at once"));
  Bench few;
  few.at(0.5, "5.0\n5.0\n");
  few.at(0.7, "5.0\n");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { few.open("exec://x?unit=W"); }), HasSubstr("one new line within 10 s"));
  Bench wrong;
  wrong.at(0.5, "time,watts\n");
  EXPECT_THAT(message_of<MeterUnavailable>([&] { wrong.open("exec://x?unit=W"); }), HasSubstr("skip="));
  Bench flood;
  flood.at(0.5, [] {
    std::string all;
    while (all.size() < 70'000) all += "5.0\n";
    return all;
  }());
  EXPECT_THAT(message_of<MeterUnavailable>([&] { flood.open("exec://x?unit=W"); }), HasSubstr("faster than it can be read"));
}

TEST(LinesMeter, AWrongUriIsRefusedBeforeAProgramStarts) {
  const TemporaryFolder folder;
  const std::string command = "exec://touch " + (folder / "ran").string();
  for (const auto& [options, text] : std::map<std::string, std::string>{{"", "unit=W for watts"},
                                                                        {"?unit=mW", "unit=mW"},
                                                                        {"?unit=W&scope=car", "scope=car"},
                                                                        {"?unit=W&offset_A=1", "offset_W"},
                                                                        {"?unit=V,A&offset_W=1", "only unit=W"},
                                                                        {"?unit=W&period=0", "period=0"},
                                                                        {"?unit=W&gap_limit=0", "gap_limit=0"}}) {
    const MeterUri uri = parse_meter_uri(command + options);  // clang 14 captures no structured binding
    EXPECT_THAT(message_of<BadMeterUri>([&] { open_exec(uri, 0); }), HasSubstr(text));
  }
  EXPECT_THROW(open_exec(parse_meter_uri("exec:// ?unit=W"), 0), BadMeterUri);
  EXPECT_THROW(open_lines(parse_meter_uri("lines://?unit=W"), 0), BadMeterUri);
  EXPECT_FALSE(std::filesystem::exists(folder / "ran"));
}

// Reads until the end, or until `enough` holds.
std::string read_all(ByteSource& source, const std::function<bool(const std::string&)>& enough = {}) {
  std::string all;
  std::array<char, 512> chunk{};
  for (int i = 0; i < 60'000; ++i) {
    const auto n = source.read(chunk);
    if (!n) return all;
    all.append(chunk.data(), *n);
    if (enough && enough(all)) return all;
    if (*n == 0) ::usleep(1000);
  }
  ADD_FAILURE() << "the source does not end: " << all;
  return all;
}

TEST(Program, ACommandIsTheShellsAndItsEndIsKnown) {
  for (const auto& [command, output, end] :
       std::vector<std::array<std::string, 3>>{{"echo a b | tr a-z A-Z; exit 3", "A B\n", "exit code 3"},
                                               {"kill -9 $$", "", "signal 9"},
                                               {"no-such-command-xyz 2>/dev/null", "", "not found"},
                                               {"cat", "", "exit code 0"},  // its standard input is empty
                                               {"exec >&-; sleep 30", "", "closed its standard output"}}) {
    const auto program = start_program(command);
    EXPECT_EQ(read_all(*program), output);
    EXPECT_THAT(program->end(), HasSubstr(end)) << command;
  }
}

TEST(Program, AFileIsRunAndNotLookedUp) {
  const TemporaryFolder folder;
  const auto script = folder / "my loop.sh";
  std::ofstream(script) << "echo from the file\n";
  EXPECT_EQ(read_all(*start_program(script.string())), "from the file\n") << "a shell script by its name";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  EXPECT_EQ(read_all(*start_program(script.string())), "from the file\n") << "without #!";
  const auto python = folder / "x.py";
  std::ofstream(python) << "print(1)\n";
  EXPECT_THAT(message_of<MeterUnavailable>([&] { start_program(python.string()); }), HasSubstr("chmod +x"));
}

TEST(Program, ItHasItsOwnGroupAndTheUsualSignals) {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigaddset(&blocked, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto on_pipe = std::signal(SIGPIPE, SIG_IGN);
  const auto program = start_program(
      "read -r pid name state parent group rest </proc/self/stat; echo $group; sed -n 's/^Sig[BI][lg][kn]:\t//p' "
      "/proc/self/status");
  std::istringstream out(read_all(*program));
  std::signal(SIGPIPE, on_pipe);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const auto bit = [](int signal) { return 1ULL << (signal - 1); };
  pid_t group = 0;
  unsigned long long masked = 0, ignored = 0;
  out >> group >> std::hex >> masked >> ignored;
  ASSERT_TRUE(out) << out.str();
  EXPECT_GT(group, 0);
  EXPECT_NE(group, ::getpgrp());
  EXPECT_EQ(masked & (bit(SIGTERM) | bit(SIGCHLD)), 0U);
  EXPECT_EQ(ignored & bit(SIGPIPE), 0U);
}

// Otherwise a program would not notice that the other's reader has gone.
TEST(Program, OneDoesNotInheritTheFilesOfAnother) {
  const auto files = [] { return read_all(*start_program("ls /proc/self/fd | wc -l")); };
  const auto alone = files();
  const auto other = start_program("sleep 100");
  EXPECT_EQ(files(), alone);
}

// Whether a process runs. A zombie does not.
bool runs(pid_t process) {
  std::ifstream in(fmt::format("/proc/{}/stat", process));
  std::string text;
  std::getline(in, text);
  const auto end = text.rfind(')');
  return end != std::string::npos && text.substr(end + 2, 1) != "Z";
}

TEST(Program, ClosingEndsAllThatItStarted) {
  // One process ends on SIGTERM, its child ignores that.
  auto program = start_program("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done' & echo $$; wait");
  std::istringstream out(read_all(*program, [](const std::string& text) { return std::ranges::count(text, '\n') == 2; }));
  pid_t one = 0, other = 0;
  out >> one >> other;
  ASSERT_TRUE(runs(one) && runs(other));
  program.reset();
  // Only the program itself is waited for; which of the two that is depends on who spoke first.
  for (int i = 0; i < 5000 && (runs(one) || runs(other)); ++i) ::usleep(1000);
  EXPECT_FALSE(runs(one));
  EXPECT_FALSE(runs(other));
}

TEST(Program, OneThatIgnoresSigtermIsKilled) {
  auto program = start_program("trap '' TERM; echo $$; while :; do sleep 0.05; done");
  const pid_t process = std::stoi(read_all(*program, [](const std::string& text) { return text.ends_with('\n'); }));
  program.reset();
  EXPECT_FALSE(runs(process));
}

TEST(PipeSource, WritersOfAPipeMayComeAndGo) {
  const TemporaryFolder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto pipe = open_pipe(path);
  std::array<char, 64> chunk{};
  EXPECT_EQ(pipe->read(chunk), 0U) << "no writer yet";
  for (const char* text : {"5.0\n", "6.0\n"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(read_all(*pipe, [](const std::string& all) { return all.ends_with('\n'); }), text);
    EXPECT_EQ(pipe->read(chunk), 0U);
  }
}

TEST(PipeSource, OfAFileWhatIsAddedIsRead) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  std::ofstream(path) << "old\n";
  const auto file = open_pipe(path);
  std::array<char, 64> chunk{};
  EXPECT_EQ(file->read(chunk), 0U);
  std::ofstream(path, std::ios::app) << "5.0\n";
  EXPECT_EQ(read_all(*file, [](const std::string& all) { return all.ends_with('\n'); }), "5.0\n");
  std::ofstream(path, std::ios::trunc) << "6\n";
  EXPECT_EQ(read_all(*file, [](const std::string& all) { return all.ends_with('\n'); }), "6\n") << "written anew";
}

TEST(PipeSource, WhatCannotBeReadSaysWhy) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<MeterUnavailable>([&] { open_pipe(folder / "none"); }), HasSubstr("mkfifo"));
  EXPECT_THAT(message_of<MeterUnavailable>([&] { open_pipe(folder.path()); }), HasSubstr("folder"));
}

}  // namespace
}  // namespace tbft::power
