// The steady clock and waiting on it, behind an interface so that tests run in virtual time.
#pragma once

#include <memory>
#include <stop_token>

#include "tbft/power/units.h"

namespace tbft::power {

class Clock {
 public:
  virtual ~Clock() = default;
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  virtual TimeNs now() const = 0;
  // Sleeps until the instant. Returns at once if it has passed, and early if a stop is requested.
  virtual void sleep_until(TimeNs instant, const std::stop_token& stop) = 0;
  void sleep_until(TimeNs instant) { sleep_until(instant, {}); }
  // The total time for which the machine was suspended; now() does not advance during a suspend.
  virtual TimeNs asleep() const { return 0; }
};

// Uses CLOCK_MONOTONIC and clock_nanosleep with absolute deadlines. A stop request ends a sleep within 100 ms.
std::shared_ptr<Clock> steady_clock();

// One instant on both clocks: correlates a trace with other logs. Durations never use the system clock.
struct ClockPair {
  TimeNs steady_ns = 0;
  TimeNs system_ns = 0;  // CLOCK_REALTIME, since the epoch
};
ClockPair clock_pair_now();

}  // namespace tbft::power
