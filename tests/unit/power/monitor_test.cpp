#include "tbft/power/monitor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tbft/power/registry.h"
#include "tbft/power/trace.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/virtual_clock.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using testing::FunctionMeter;
using ::testing::HasSubstr;
using testing::SharedClock;
using testing::simple_meter;

constexpr TimeNs ms = 1'000'000;

struct Rig {
  std::shared_ptr<SharedClock> clock = std::make_shared<SharedClock>(2);  // the test and the sampler
  void wait(TimeNs duration) { clock->sleep_until(clock->now() + duration); }
  Monitor monitor(FunctionMeter::Watts watts, std::optional<std::filesystem::path> trace = std::nullopt,
                  MeterInfo info = simple_meter(0.01), TraceKeep keep = TraceKeep::full) {
    return Monitor(std::make_unique<FunctionMeter>(std::move(info), std::move(watts)),
                   {.trace = std::move(trace), .clock = clock, .trace_keep = keep});
  }
};

TEST(Monitor, AWindowGetsTheJoulesOfItsInterval) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs t) { return 1 + to_seconds(t); });
  const double t0 = to_seconds(rig.clock->now());
  auto a = monitor.window("a");
  rig.wait(2'345 * ms);
  a.close();
  const Energy e = monitor.energy("a");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 2.345 * (1 + t0 + 2.345 / 2), 1e-9);
  EXPECT_NEAR(e.distinct_hz, 100, 1);
  EXPECT_NEAR(monitor.live().watts_W, 1 + to_seconds(rig.clock->now()), 0.05);
}

// The wall clock moves by milliseconds while 5,000 s pass on the steady one: durations and joules know only the latter.
TEST(PeerErrors, E10DurationsComeFromTheSteadyClock) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 2.0; }, std::nullopt, simple_meter(1));
  auto a = monitor.window("a");
  rig.wait(5'000'000 * ms);
  a.close();
  const Energy e = monitor.energy("a");
  EXPECT_DOUBLE_EQ(e.duration_s, 5000);
  EXPECT_NEAR(e.energy_J, 10'000, 1e-6);
}

// A laptop that was closed for a night: no time passes on the steady clock.
TEST(Monitor, ANightAsleepIsAGapInTheWindowsThatItFallsInto) {
  Rig rig;
  const TemporaryFolder dir;
  const auto path = dir / "trace.csv";
  Energy night, day;
  {
    Monitor monitor = rig.monitor([](TimeNs) { return 4.0; }, path);
    auto night_window = monitor.window("night");
    rig.wait(500 * ms);
    rig.clock->suspend(8 * 3600 * 1000 * ms);
    rig.wait(500 * ms);
    night_window.close();
    auto day_window = monitor.window("day");
    rig.wait(500 * ms);
    day_window.close();
    night = monitor.energy("night");
    day = monitor.energy("day");
  }
  EXPECT_FALSE(night.valid);
  EXPECT_THAT(night.reason, HasSubstr("suspended"));
  EXPECT_TRUE(day.valid) << day.reason;
  const auto again = integrate(read_trace(path));
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].energy.reason, night.reason) << "the trace knows of it too";
  EXPECT_DOUBLE_EQ(again[1].energy.energy_J, day.energy_J);
}

TEST(Monitor, WindowsNestOverlapAndRecur) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 4.0; });
  auto run = monitor.window("run");
  for (int i = 0; i < 5; ++i) {
    auto train = monitor.window("train");
    rig.wait(300 * ms);
    auto late = monitor.window("late");
    train.close();
    rig.wait(100 * ms);
    late.close();
  }
  run.close();
  EXPECT_NEAR(monitor.energy("train").energy_J, 5 * 0.3 * 4, 1e-9);
  EXPECT_NEAR(monitor.energy("late").energy_J, 5 * 0.1 * 4, 1e-9);
  EXPECT_NEAR(monitor.energy("run").energy_J, 2.0 * 4, 1e-9);
  EXPECT_NEAR(monitor.energy("train").duration_s, 1.5, 1e-12);
}

TEST(Monitor, MisuseOfNamesIsAnError) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 4.0; });
  EXPECT_THROW(monitor.energy("a"), std::logic_error);
  EXPECT_THROW(monitor.window("a,b"), std::invalid_argument);
  auto a = monitor.window("a");
  EXPECT_THROW(monitor.window("a"), std::logic_error);
  EXPECT_THROW(monitor.energy("a"), std::logic_error);
  a.close();
  EXPECT_THROW(a.close(), std::logic_error);
  monitor.forget("a");
  EXPECT_THROW(monitor.energy("a"), std::logic_error);
}

TEST(Monitor, ForgetTakesAPrefixAndLeavesTheRest) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 4.0; });
  for (const char* name : {"cell/1", "cell/1/train", "cell/2"}) {
    auto window = monitor.window(name);
    rig.wait(100 * ms);
    window.close();
  }
  monitor.forget("cell/1");
  EXPECT_THROW(monitor.energy("cell/1/train"), std::logic_error);
  EXPECT_NEAR(monitor.energy("cell/2").energy_J, 0.4, 1e-9);
}

TEST(Monitor, AWindowHasItsOwnEnergyOrNoneAfterItsNameWasForgotten) {
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 4.0; });
  std::vector<OpenWindow> windows;
  windows.reserve(4);
  for (const TimeNs length : {100 * ms, 200 * ms, 300 * ms, 400 * ms}) {
    windows.push_back(monitor.window("p"));
    rig.wait(length);
    windows.back().close();
    if (windows.size() == 2) monitor.forget("p");
  }
  for (const std::size_t forgotten : {0U, 1U}) EXPECT_THROW(windows[forgotten].end(), std::logic_error);
  EXPECT_NEAR(windows[2].end().energy_J, 1.2, 1e-9);
  EXPECT_NEAR(windows[3].end().energy_J, 1.6, 1e-9);
  EXPECT_NEAR(monitor.energy("p").energy_J, 2.8, 1e-9);
}

// While the first thread sleeps, a window opens and closes: another thread that uses the name over and over.
class BusyClock final : public Clock {
 public:
  using Clock::sleep_until;
  TimeNs now() const override { return shared_.now(); }
  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    if (meanwhile && std::this_thread::get_id() == first_ && !std::exchange(inside_, true)) {
      meanwhile();
      inside_ = false;
    }
    shared_.sleep_until(instant, stop);
  }
  std::function<void()> meanwhile;

 private:
  std::thread::id first_ = std::this_thread::get_id();
  bool inside_ = false;
  SharedClock shared_{2};
};

TEST(Monitor, AnEnergyWaitsForNoWindowThatClosesLater) {
  const auto clock = std::make_shared<BusyClock>();
  Monitor monitor(std::make_unique<FunctionMeter>(simple_meter(0.01), [](TimeNs) { return 4.0; }), {.clock = clock});
  auto window = monitor.window("p");
  clock->sleep_until(clock->now() + 105 * ms);
  window.close();
  int more = 0;
  clock->meanwhile = [&] {
    if (++more > 500) return;  // were each of them waited for, there would be no end
    auto later = monitor.window("p");
    clock->sleep_until(clock->now() + 1 * ms);
    later.close();
  };
  EXPECT_NEAR(window.end().energy_J, 0.42, 1e-9);
  EXPECT_LT(more, 50);
  const int before = more;
  EXPECT_NEAR(monitor.energy("p").energy_J, 0.42 + before * 0.004, 1e-9);
  EXPECT_LT(more - before, 50);
}

TEST(Monitor, AMeterThatFallsSilentAfterTheWindowMakesItInvalidWithinTheGapLimit) {
  for (const double arrival_delay_s : {0.0, 5.0}) {  // a failed read ends the wait, over a network too
    Rig rig;
    MeterInfo info = simple_meter(0.01);
    info.arrival_delay_s = arrival_delay_s;
    const TimeNs silent = rig.clock->now() + 500 * ms;
    Monitor monitor = rig.monitor(
        [&](TimeNs t) -> std::optional<double> {
          if (t > silent) return std::nullopt;
          return 4.0;
        },
        std::nullopt, info);
    auto a = monitor.window("a");
    rig.wait(silent + 5 * ms - rig.clock->now());
    a.close();
    const TimeNs asked = rig.clock->now();
    const Energy e = monitor.energy("a");
    EXPECT_FALSE(e.valid);
    EXPECT_THAT(e.reason, HasSubstr("after the end"));
    EXPECT_LE(rig.clock->now() - asked, 100 * ms);
  }
}

// A meter whose readings arrive `delay` after they were taken, from one instant on.
class LateMeter final : public Meter {
 public:
  LateMeter(MeterInfo info, TimeNs late_from, TimeNs delay) : info_(std::move(info)), late_from_(late_from), delay_(delay) {}
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs /*first_window*/) override {}
  void stop() override {}
  std::optional<Reading> poll(TimeNs now) override {
    if (now != std::exchange(last_, now)) taken_.push_back(now);
    if (taken_.empty() || (now >= late_from_ && now < taken_.front() + delay_)) return std::nullopt;
    const TimeNs t = taken_.front();
    taken_.pop_front();
    return Reading{.t_ns = t, .power_W = 4};
  }

 private:
  MeterInfo info_;
  TimeNs late_from_, delay_;
  TimeNs last_ = 0;
  std::deque<TimeNs> taken_;
};

TEST(Monitor, AReadingThatANetworkHoldsBackIsAwaitedAndNoLonger) {
  for (const bool may_be_late : {true, false}) {
    Rig rig;
    MeterInfo info = simple_meter(0.01);
    if (may_be_late) info.arrival_delay_s = 5;
    const TimeNs late_from = rig.clock->now() + 500 * ms;
    Monitor monitor(std::make_unique<LateMeter>(info, late_from, 300 * ms), {.clock = rig.clock});
    auto a = monitor.window("a");
    rig.wait(late_from + 5 * ms - rig.clock->now());
    a.close();
    const TimeNs asked = rig.clock->now();
    const Energy e = monitor.energy("a");
    EXPECT_EQ(e.valid, may_be_late) << e.reason;
    EXPECT_LE(rig.clock->now() - asked, 340 * ms);
  }
}

TEST(Monitor, AMeterThatDiesMakesItsWindowsInvalidAndEndsNothingElse) {
  Rig rig;
  const TimeNs unplugged = rig.clock->now() + 100 * ms;
  Monitor monitor = rig.monitor([&](TimeNs t) -> std::optional<double> {
    if (t > unplugged) throw MeterUnavailable("the meter was unplugged");
    return 4.0;
  });
  auto whole = monitor.window("whole");
  rig.clock->sleep_until(unplugged - 50 * ms);
  whole.close();
  EXPECT_EQ(monitor.energy("whole").reason, "");
  EXPECT_EQ(monitor.failure(), "");
  auto cut = monitor.window("cut");
  rig.clock->sleep_until(unplugged + 10 * ms);
  // The sampler's thread has ended, or ends now: it no longer takes part in the clock.
  while (monitor.failure().empty()) std::this_thread::yield();
  EXPECT_EQ(monitor.failure(), "the meter was unplugged");
  rig.clock->leave();
  cut.close();
  auto after_window = monitor.window("after");
  after_window.close();
  for (const char* window : {"cut", "after"}) {
    const Energy e = monitor.energy(window);
    EXPECT_FALSE(e.valid);
    EXPECT_EQ(e.reason, "the meter failed: the meter was unplugged");
  }
  EXPECT_TRUE(monitor.energy("whole").valid);
  monitor.forget("cut");
  EXPECT_NEAR(monitor.live().watts_W, 4, 1e-9);
  monitor.close();
  EXPECT_EQ(monitor.failure(), "the meter was unplugged");
}

// Every window of the trace is the one that the monitor saw.
void expect_same(const std::vector<NamedEnergy>& windows, const std::vector<std::pair<std::string, Energy>>& live) {
  ASSERT_EQ(windows.size(), live.size());
  for (const auto& [name, e] : live) {
    const auto found = std::ranges::find(windows, name, &NamedEnergy::name);
    ASSERT_NE(found, windows.end()) << name;
    EXPECT_EQ(found->energy.valid, e.valid) << name << ": " << found->energy.reason << " / " << e.reason;
    if (!e.valid) continue;
    EXPECT_NEAR(found->energy.energy_J, e.energy_J, 1e-12 * e.energy_J) << name;
    EXPECT_EQ(found->energy.samples, e.samples) << name;
    EXPECT_NEAR(found->energy.U_random_J, e.U_random_J, 1e-9) << name;
    EXPECT_DOUBLE_EQ(found->energy.coverage_pct, e.coverage_pct) << name;
  }
}

// Two seconds before the first cell, 20 cells of three epochs, a second of rest after each; one read in 256 fails.
std::vector<std::pair<std::string, Energy>> measure_cells(const std::filesystem::path& trace, TraceKeep keep, MeterInfo info) {
  Rig rig;
  std::vector<std::pair<std::string, Energy>> live;
  std::uint64_t noise = 1;
  Monitor monitor = rig.monitor(
      [&](TimeNs t) -> std::optional<double> {
        noise = noise * 6364136223846793005U + 1442695040888963407U;
        if (noise >> 56 == 7) return std::nullopt;
        return 3 + std::sin(static_cast<double>(t) / 1e8) + static_cast<double>(noise >> 40) / 1e8;
      },
      trace, std::move(info), keep);
  rig.wait(2'000 * ms);
  for (int cell = 0; cell < 20; ++cell) {
    const std::string name = "cell/" + std::to_string(cell);
    auto window = monitor.window(name);
    for (int epoch = 0; epoch < 3; ++epoch) {
      auto train = monitor.window(name + "/train");
      rig.wait(177'777'777);
      train.close();
      rig.wait(33'333'333);
    }
    window.close();
    live.emplace_back(name, monitor.energy(name));
    live.emplace_back(name + "/train", monitor.energy(name + "/train"));
    monitor.forget(name);
    rig.wait(1'000 * ms);
  }
  monitor.close();
  EXPECT_EQ(monitor.lost_in_trace(), 0U);
  return live;
}

TEST(Monitor, TheTraceFileGivesTheSameJoules) {
  const TemporaryFolder dir;
  const auto live = measure_cells(dir / "trace.csv", TraceKeep::full, simple_meter(0.01));
  expect_same(integrate(read_trace(dir / "trace.csv")), live);
}

TEST(Monitor, ATraceOfCellsAloneGivesTheSameJoulesWithoutTheReadingsBetweenThem) {
  MeterInfo averaging = simple_meter(0.01);
  averaging.averaging_s = 0.008;
  averaging.latency_s = 0.03;
  for (const MeterInfo& info : {simple_meter(0.01), averaging}) {
    const TemporaryFolder dir;
    const auto live = measure_cells(dir / "trace.csv", TraceKeep::cells, info);
    const TraceFile trace = read_trace(dir / "trace.csv");
    expect_same(integrate(trace), live);
    const std::size_t inside = 20 * 63;  // of 0.633 s at 100 Hz; 2,200 readings came outside
    EXPECT_GE(trace.segments[0].readings.size(), inside);
    EXPECT_LE(trace.segments[0].readings.size(), inside + 20 * 8) << "a few at each edge";
  }
}

// A pipe that nobody reads yet: a disk that stalls.
class StalledDisk {
 public:
  explicit StalledDisk(std::filesystem::path path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);  // also a writer, so that a read waits instead of ending
  }
  // From now on it works; the rest of what was written ends with close().
  void recover() {
    reader_ = std::thread([this] {
      std::array<char, 1 << 16> buffer{};
      for (ssize_t n = 0; (n = ::read(fd_, buffer.data(), buffer.size())) > 0;) {
        text_.append(buffer.data(), static_cast<std::size_t>(n));
        if (text_.ends_with(end)) return;
      }
    });
  }
  // Once everybody has written.
  TraceFile trace() {
    EXPECT_EQ(::write(fd_, end.data(), end.size()), static_cast<ssize_t>(end.size()));
    reader_.join();
    ::close(fd_);
    std::istringstream in(text_.substr(0, text_.size() - end.size()));
    return read_trace(in, "the pipe");
  }

 private:
  static constexpr std::string_view end = "# end\n";
  std::filesystem::path path_;
  int fd_ = -1;
  std::string text_;
  std::thread reader_;
};

TEST(Monitor, ADiskThatStallsHoldsUpNeitherReadingsNorWindowsAndLosesNothingWithinTheQueue) {
  const TemporaryFolder dir;
  StalledDisk disk(dir / "pipe");
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs t) { return 3 + std::sin(static_cast<double>(t) / 1e8); }, dir / "pipe");
  auto a = monitor.window("a");
  rig.wait(40'000 * ms);  // 4,000 rows of 50 bytes; the pipe takes 65,536 bytes
  a.close();
  const Energy e = monitor.energy("a");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_GE(e.samples, 4000U);
  disk.recover();
  monitor.sync();
  monitor.close();
  EXPECT_EQ(monitor.lost_in_trace(), 0U);
  expect_same(integrate(disk.trace()), {{"a", e}});
}

TEST(Monitor, ADiskThatStallsForLongerThanTheQueueHoldsLeavesAGapInTheTraceAndNoneInTheEnergy) {
  const TemporaryFolder dir;
  StalledDisk disk(dir / "pipe");
  Rig rig;
  std::atomic<std::size_t> polls = 0;
  const auto watts = [&](TimeNs) {
    ++polls;
    return 3.0;
  };
  Monitor monitor = rig.monitor(watts, dir / "pipe");
  auto a = monitor.window("a");
  rig.wait(200'000 * ms);
  a.close();
  const Energy e = monitor.energy("a");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_GE(e.samples, 20'000U);
  EXPECT_GT(monitor.lost_in_trace(), 5'000U);
  disk.recover();
  monitor.sync();
  rig.wait(1'000 * ms);
  auto b = monitor.window("b");
  rig.wait(5'000 * ms);
  b.close();
  const Energy after = monitor.energy("b");
  monitor.close();
  const TraceFile trace = disk.trace();
  const auto gaps = std::ranges::count(trace.segments[0].readings, gap_begins, &Reading::flags);
  EXPECT_GE(gaps, 1) << "more where the pipe took some rows meanwhile";
  const auto windows = integrate(trace);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_FALSE(windows[0].energy.valid) << "its readings are not all there";
  EXPECT_NEAR(windows[1].energy.energy_J, after.energy_J, 1e-12 * 15);
  EXPECT_EQ(trace.segments[0].readings.size() + monitor.lost_in_trace(), polls + static_cast<std::size_t>(gaps));
}

// A file size limit stands for a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  sighandler_t handler_;
  rlimit before_{};
};

TEST(Monitor, ATraceThatCannotBeWrittenIsReportedBySyncAndCloseAndCostsNoJoules) {
  const TemporaryFolder dir;
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs) { return 3.0; }, dir / "trace.csv");
  const SmallDisk full(4096);
  auto a = monitor.window("a");
  rig.wait(60'000 * ms);
  a.close();
  EXPECT_NEAR(monitor.energy("a").energy_J, 180, 1e-9);
  for (int i = 0; i < 2; ++i) EXPECT_THROW(monitor.sync(), std::system_error);
  EXPECT_THROW(monitor.close(), std::system_error);
}

class Absent final : public Meter {
 public:
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs) override { throw MeterUnavailable("no acknowledge"); }
  void stop() override {}
  std::optional<Reading> poll(TimeNs) override { return std::nullopt; }

 private:
  MeterInfo info_ = simple_meter(0.01);
};

class Stopped final : public Meter {
 public:
  explicit Stopped(bool& stopped) : stopped_(stopped) {}
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs) override {}
  void stop() override { stopped_ = true; }
  std::optional<Reading> poll(TimeNs) override { return std::nullopt; }

 private:
  bool& stopped_;
  MeterInfo info_ = simple_meter(0.01);
};

TEST(Monitor, AMeterIsStoppedWhereItsTraceCannotBeOpened) {
  const TemporaryFolder dir;
  bool stopped = false;
  EXPECT_THROW(Monitor(std::make_unique<Stopped>(stopped),
                       {.trace = dir / "missing" / "trace.csv", .clock = std::make_shared<SharedClock>(2)}),
               std::exception);
  EXPECT_TRUE(stopped);
}

TEST(Monitor, AMeterThatDoesNotStartLeavesNoTraceAndAnEarlierOneAsItWas) {
  const TemporaryFolder dir;
  const auto begin = [&](std::unique_ptr<Meter> meter) {
    return Monitor(std::move(meter),
                   {.trace = dir / "trace.csv", .trace_replace = true, .clock = std::make_shared<SharedClock>(2)});
  };
  EXPECT_THROW(begin(std::make_unique<Absent>()), MeterUnavailable);
  EXPECT_FALSE(std::filesystem::exists(dir / "trace.csv"));

  std::ofstream(dir / "trace.csv") << "earlier\n";
  EXPECT_THROW(begin(std::make_unique<Absent>()), MeterUnavailable);
  EXPECT_EQ(std::filesystem::file_size(dir / "trace.csv"), 8U);
  begin(std::make_unique<FunctionMeter>(simple_meter(0.01), [](TimeNs) { return 3.0; })).close();
  EXPECT_EQ(read_trace(dir / "trace.csv").segments.size(), 1U);
}

TEST(Monitor, ARowThatIsSyncedHasItsReadingsInTheFile) {
  const TemporaryFolder dir;
  Rig rig;
  Monitor monitor = rig.monitor([](TimeNs t) { return 3 + std::sin(static_cast<double>(t) / 1e8); }, dir / "trace.csv");
  for (int cell = 0; cell < 50; ++cell) {
    const std::string name = "cell/" + std::to_string(cell);
    auto window = monitor.window(name);
    rig.wait(100 * ms);
    window.close();
    const Energy e = monitor.energy(name);
    monitor.sync();
    // What a kill would leave now.
    const auto windows = integrate(read_trace(dir / "trace.csv"));
    ASSERT_EQ(windows.size(), static_cast<std::size_t>(cell) + 1);
    ASSERT_NEAR(windows.back().energy.energy_J, e.energy_J, 1e-12 * e.energy_J);
  }
}

TEST(Monitor, AMeterThatPacesItselfKeepsItsPeriodAndGapLimitWhateverTheInterval) {
  for (const bool paces_itself : {true, false}) {
    MeterInfo info = simple_meter(0.1);
    info.paces_itself = paces_itself;
    auto meter = std::make_unique<FunctionMeter>(info, [](TimeNs) { return 2.0; });
    meter->set_interval(Seconds(1));
    const Monitor monitor(std::move(meter), {.clock = std::make_shared<SharedClock>(2)});
    EXPECT_DOUBLE_EQ(monitor.meter().nominal_period_s, paces_itself ? 0.1 : 1);
    EXPECT_DOUBLE_EQ(monitor.meter().gap_limit_s, paces_itself ? 0.3 : 3);
  }
}

TEST(Monitor, ASlowerIntervalThanTheMetersOwnIsNotAGap) {
  Rig rig;
  auto meter = std::make_unique<FunctionMeter>(simple_meter(0.01), [](TimeNs) { return 2.0; });
  meter->set_interval(Seconds(0.5));
  Monitor monitor(std::move(meter), {.clock = rig.clock});
  auto a = monitor.window("a");
  rig.wait(3'000 * ms);
  a.close();
  const Energy e = monitor.energy("a");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 6, 1e-9);
  EXPECT_NEAR(monitor.sampler().delivered_hz, 2, 0.5);
}

// 3 W for 10 s, then 6 W for 10 s: 90 J.
std::filesystem::path write_steps(const TemporaryFolder& dir) {
  const auto path = dir / "steps.csv";
  std::ofstream out(path);
  out << "# tbft trace 1\n# meter: fake://\n# nominal_period_s: 0.1\nt_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n";
  for (int i = 0; i <= 100; ++i) out << 7'000'000'000 + i * 100'000'000LL << ",,,3,,,\n";
  for (int i = 100; i <= 200; ++i) out << 7'000'000'000 + i * 100'000'000LL << ",,,6,,,\n";
  return path;
}

TEST(Replay, InstantLaysTheWholeTraceOverTheOutermostWindow) {
  const TemporaryFolder dir;
  const auto steps = write_steps(dir);
  auto clock = std::make_shared<SharedClock>(1);
  std::vector<double> joules;
  {
    Monitor monitor(open_meter("replay://" + steps.string() + "?speed=instant"), {.trace = dir / "out.csv", .clock = clock});
    EXPECT_FALSE(monitor.meter().measured);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const std::string name = "w" + std::to_string(repeat);
      auto window = monitor.window(name);
      clock->sleep_until(clock->now() + 4 * ms);
      auto part = monitor.window(name + "/part");
      clock->sleep_until(clock->now() + 4 * ms);
      part.close();
      EXPECT_FALSE(monitor.energy(name + "/part").valid) << "the outermost window is open";
      window.close();
      const Energy e = monitor.energy(name);
      ASSERT_TRUE(e.valid) << e.reason;
      EXPECT_NEAR(e.energy_J, 90, 1e-9);
      EXPECT_NEAR(e.duration_s, 20, 1e-9);
      EXPECT_NEAR(monitor.energy(name + "/part").energy_J, 60, 1e-6) << "the second half";
      joules.push_back(e.energy_J);
    }
  }
  const auto windows = integrate(read_trace(dir / "out.csv"));
  ASSERT_EQ(windows.size(), 4U);
  EXPECT_EQ(windows[1].name, "w0");
  EXPECT_NEAR(windows[1].energy.energy_J, joules[0], 1e-12 * 90);
  EXPECT_NEAR(windows[3].energy.energy_J, joules[1], 1e-12 * 90);
}

TEST(Replay, AnInstantReplayOfAnEmptyWindowIsTheWholeTrace) {
  const TemporaryFolder dir;
  Monitor monitor(open_meter("replay://" + write_steps(dir).string() + "?speed=instant"),
                  {.clock = std::make_shared<SharedClock>(1)});
  auto a = monitor.window("a");
  a.close();
  EXPECT_NEAR(monitor.energy("a").energy_J, 90, 1e-9);
}

TEST(Replay, AGapLimitThatGrewInTheTraceIsItsOwnUnlessTheUriStatesOne) {
  const TemporaryFolder dir;
  const auto trace = (dir / "trace.csv").string();
  {
    TraceWriter writer(dir / "trace.csv", simple_meter(0.01), {});
    writer.write(Reading{.t_ns = 0, .power_W = 3});
    auto slower = simple_meter(0.01);
    slower.gap_limit_s = 1.5;
    writer.write(slower);
    writer.write(Reading{.t_ns = 1'000 * ms, .power_W = 3});
  }
  EXPECT_EQ(open_meter("replay://" + trace)->info().gap_limit_s, 1.5);
  EXPECT_EQ(open_meter("replay://" + trace + "?gap_limit=0.2")->info().gap_limit_s, 0.2);
}

TEST(Replay, RealtimeBeginsWithTheFirstWindowAndEndsInAGap) {
  const TemporaryFolder dir;
  Rig rig;
  Monitor monitor(open_meter("replay://" + write_steps(dir).string()), {.clock = rig.clock});
  {
    SharedClock& alone = *rig.clock;  // until the first window only the test's thread takes part
    EXPECT_EQ(alone.now(), 1'000'000'000);
  }
  auto a = monitor.window("a");
  rig.wait(15'000 * ms);
  a.close();
  const Energy e = monitor.energy("a");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 60, 1e-6);
  auto b = monitor.window("b");
  rig.wait(15'000 * ms);
  b.close();
  EXPECT_FALSE(monitor.energy("b").valid);
}

TEST(Replay, ABadFileOrOptionIsOneClearError) {
  const TemporaryFolder dir;
  const auto steps = write_steps(dir).string();
  EXPECT_THROW(open_meter("replay:///no/such.csv"), MeterUnavailable);
  EXPECT_THROW(open_meter("replay://"), BadMeterUri);
  EXPECT_THROW(open_meter("replay://" + steps + "?speed=fast"), BadMeterUri);
  EXPECT_THROW(open_meter("replay://" + steps + "?segment=2"), MeterUnavailable);
  try {
    open_meter("replay://" + steps + "?sped=instant");
    FAIL();
  } catch (const BadMeterUri& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sped"), HasSubstr("speed"), HasSubstr("gap_limit")));
  }
  std::ofstream(dir / "short.csv") << "# tbft trace 1\nt_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n1,,,1,,,\n";
  EXPECT_THROW(open_meter("replay://" + (dir / "short.csv").string()), MeterUnavailable);
}

// A meter that after half a second averages longer, as a converter does whose host is too late for it. Its readings are by
// turns above and below 2 W.
class SlowingMeter final : public Meter {
 public:
  explicit SlowingMeter(double swing_W = 0, double slow_s = 0.01) : swing_W_(swing_W), slow_s_(slow_s) {
    info_ = {.uri = "slowing://",
             .description = "fast",
             .paces_itself = true,
             .nominal_period_s = 0.001,
             .averaging_s = 0.001,
             .gap_limit_s = 0.05};
  }
  const MeterInfo& info() const override { return info_; }
  void start(TimeNs first_window) override { due_ = begun_ = first_window; }
  std::optional<Reading> poll(TimeNs now) override {
    if (now < due_) return std::nullopt;
    swing_W_ = -swing_W_;
    Reading r{.t_ns = now, .power_W = 2 + swing_W_};
    if (info_.note.empty() && now - begun_ > 500'000'000) {
      info_.nominal_period_s = info_.averaging_s = slow_s_;
      info_.gap_limit_s = default_gap_limit_s(slow_s_);
      info_.note = "averages longer";
      r.flags = reinitialised;
    }
    due_ = now + from_seconds(info_.nominal_period_s);
    return r;
  }
  TimeNs next_poll(TimeNs /*scheduled*/) const override { return due_; }
  void stop() override {}

 private:
  MeterInfo info_;
  double swing_W_;
  double slow_s_;
  TimeNs begun_ = 0, due_ = 0;
};

TEST(Monitor, WhatAConverterSaysOfItselfIsFollowedWhenItChanges) {
  const auto clock = std::make_shared<SharedClock>(2);
  Monitor monitor(std::make_unique<SlowingMeter>(), {.clock = clock});
  EXPECT_EQ(monitor.meter().note, "");
  auto window = monitor.window("w");
  clock->sleep_until(clock->now() + 2'000'000'000);
  window.close();
  const Energy e = monitor.energy("w");
  ASSERT_TRUE(e.valid) << e.reason;
  EXPECT_NEAR(e.energy_J, 4, 1e-9);
  EXPECT_EQ(monitor.meter().note, "averages longer");
  EXPECT_EQ(monitor.meter().averaging_s, 0.01);
  EXPECT_EQ(monitor.meter().gap_limit_s, 0.05);
}

TEST(Monitor, ATraceKnowsFromWhichReadingOnAConverterAveragesLonger) {
  for (const double slow_s : {0.01, 0.136}) {  // the second one is beyond the gap limit of the beginning
    const TemporaryFolder dir;
    const auto path = dir / "trace.csv";
    const auto clock = std::make_shared<SharedClock>(2);
    std::vector<std::pair<std::string, Energy>> live;
    {
      Monitor monitor(std::make_unique<SlowingMeter>(1, slow_s), {.trace = path, .clock = clock});
      const auto measure = [&](const std::string& name, TimeNs duration) {
        auto window = monitor.window(name);
        clock->sleep_until(clock->now() + duration);
        window.close();
        live.emplace_back(name, monitor.energy(name));
        ASSERT_TRUE(live.back().second.valid) << name << ": " << live.back().second.reason;
      };
      measure("before", 200 * ms);
      measure("across", 1'000 * ms);
      measure("after", 500 * ms);
      EXPECT_EQ(monitor.meter().gap_limit_s, default_gap_limit_s(slow_s));
    }
    const TraceFile trace = read_trace(path);
    const TraceSegment& segment = trace.segments.front();
    EXPECT_EQ(segment.meter.averaging_s, 0.001);
    EXPECT_EQ(segment.meter.gap_limit_s, 0.05);
    ASSERT_EQ(segment.changes.size(), 1U);
    EXPECT_EQ(segment.changes.front().averaging_s, slow_s);
    EXPECT_EQ(segment.changes.front().gap_limit_s, default_gap_limit_s(slow_s));
    EXPECT_EQ(segment.readings.at(segment.changes.front().reading).flags, reinitialised);
    expect_same(integrate(trace), live);
  }
}

}  // namespace
}  // namespace tbft::power
