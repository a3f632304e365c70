// A day at 1 kHz in virtual time: memory and the trace's buffer stay as they are.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <thread>

#include "tbft/power/monitor.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using testing::FunctionMeter;

constexpr TimeNs hour = 3600LL * 1'000'000'000;

// The sampler's sleep moves time, at once; the caller's waits for it. Time stops at `until` so that no reading is lost to a
// caller that is slow to look, and while the trace's rows are more than 50 s behind: this disk keeps pace, if barely.
class RacingClock final : public Clock {
 public:
  explicit RacingClock(const std::atomic<std::size_t>& rows) : rows_(rows) {}
  using Clock::sleep_until;
  TimeNs now() const override { return now_.load(); }
  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    const bool sampler = stop.stop_possible();
    while (now() < instant && !stop.stop_requested()) {
      if (sampler && instant <= until.load() && instant / 1'000'000 < static_cast<TimeNs>(rows_) + 50'000) {
        now_ = instant;
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  }
  void wait_for(TimeNs instant) {
    until = instant;
    sleep_until(instant);
  }

  std::atomic<TimeNs> until = 0;

 private:
  const std::atomic<std::size_t>& rows_;
  std::atomic<TimeNs> now_ = 0;
};

// Reads the trace as it is written, so that the test needs no disk of 3 GB.
class Drain {
 public:
  explicit Drain(const std::filesystem::path& fifo) {
    if (::mkfifo(fifo.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
    thread_ = std::thread([this, path = fifo.string()] {
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      for (ssize_t n = 0; (n = ::read(fd, buffer_.data(), buffer_.size())) > 0;) {
        rows_ += static_cast<std::size_t>(std::count(buffer_.begin(), buffer_.begin() + n, '\n'));
      }
      ::close(fd);
    });
  }
  void join() { thread_.join(); }
  const std::atomic<std::size_t>& rows() const { return rows_; }

 private:
  std::array<char, 1 << 16> buffer_{};
  std::atomic<std::size_t> rows_ = 0;
  std::thread thread_;
};

TEST(MonitorDay, ADayAt1kHzAllocatesNothingAfterItsFirstHourAndLosesNoReading) {
  const test::TemporaryFolder dir;
  Drain drain(dir.path() / "trace");
  MeterInfo info = testing::simple_meter(0.001);
  info.averaging_s = 0.001;
  info.accuracy = {.gain_limit_rel = 0.01, .offset_limit_A = 1e-3, .resolution_A = 1e-4, .resolution_V = 4e-3};
  // 2 W and 4 W in turns of 5 minutes, with steps of the current below.
  const auto watts = [](TimeNs t) {
    return (t / (300LL * 1'000'000'000) % 2 == 0 ? 2.0 : 4.0) + 0.0005 * static_cast<double>(t / 1'000'000 % 7);
  };
  auto clock = std::make_shared<RacingClock>(drain.rows());
  clock->until = 1'000'000'000;
  Monitor monitor(std::make_unique<FunctionMeter>(info, watts), {.trace = dir.path() / "trace", .clock = clock});
  clock->wait_for(2'000'000'000);
  auto day_window = monitor.window("day");
  const TimeNs t0 = clock->now();
  auto inner_window = monitor.window("day/inner");
  clock->wait_for(t0 + hour);
  const std::size_t before = testing::allocations();
  clock->wait_for(t0 + 24 * hour);
  EXPECT_EQ(testing::allocations() - before, 0U);
  inner_window.close();
  day_window.close();
  clock->until = t0 + 25 * hour;
  const Energy day = monitor.energy("day");
  ASSERT_TRUE(day.valid) << day.reason;
  EXPECT_NEAR(day.energy_J, 86400 * 3.0015, 0.5);
  EXPECT_NEAR(static_cast<double>(day.samples), 86.4e6, 2);
  EXPECT_NEAR(day.coverage_pct, 100, 1e-6);
  EXPECT_EQ(monitor.energy("day/inner").samples, day.samples);
  clock->until = 0;
  monitor.close();
  drain.join();
  EXPECT_GE(drain.rows(), day.samples);
  EXPECT_EQ(monitor.lost_in_trace(), 0U);
}

}  // namespace
}  // namespace tbft::power
