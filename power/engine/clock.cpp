#include "tbft/power/clock.h"

#include <algorithm>
#include <ctime>
#include <limits>

namespace tbft::power {
namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs longest_sleep = second / 10;

TimeNs read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return TimeNs{time.tv_sec} * second + time.tv_nsec;
}

class SteadyClock final : public Clock {
 public:
  TimeNs now() const override { return read(CLOCK_MONOTONIC); }

  // CLOCK_BOOTTIME advances while the machine is suspended. The two clocks are read one after the other, so a delay of the
  // thread between them would look like a suspend: then they are read again.
  TimeNs asleep() const override {
    constexpr TimeNs at_once = 100'000;
    TimeNs shortest = std::numeric_limits<TimeNs>::max(), result = 0;
    for (int i = 0; i < 5 && shortest > at_once; ++i) {
      const TimeNs before = read(CLOCK_MONOTONIC);
      const TimeNs boot = read(CLOCK_BOOTTIME);
      const TimeNs after = read(CLOCK_MONOTONIC);
      if (after - before >= shortest) continue;
      shortest = after - before;
      result = boot - after;
    }
    return result;
  }

  void sleep_until(TimeNs instant, const std::stop_token& stop) override {
    for (TimeNs t = now(); t < instant && !stop.stop_requested(); t = now()) {
      const TimeNs wake = stop.stop_possible() ? std::min(instant, t + longest_sleep) : instant;
      const timespec until{.tv_sec = wake / second, .tv_nsec = wake % second};
      // A signal ends the sleep early; the loop reads the clock again.
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
  }
};

}  // namespace

std::shared_ptr<Clock> steady_clock() {
  return std::make_shared<SteadyClock>();
}

ClockPair clock_pair_now() {
  // The system clock is read between two reads of the steady clock and belongs to their middle.
  const TimeNs before = read(CLOCK_MONOTONIC);
  const TimeNs system = read(CLOCK_REALTIME);
  const TimeNs after = read(CLOCK_MONOTONIC);
  return {.steady_ns = before + (after - before) / 2, .system_ns = system};
}

}  // namespace tbft::power
