// Units: SI doubles whose names carry the unit, durations as std::chrono, and instants of the steady clock in nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace tbft::power {

// An instant or a duration on the steady clock (CLOCK_MONOTONIC), in nanoseconds.
using TimeNs = std::int64_t;

// A duration as an argument: 10ms (std::chrono_literals) or Seconds(0.01).
using Seconds = std::chrono::duration<double>;

// "Unknown" for a physical value. Never 0: a missing reading is not 0 W.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// Converts a duration in nanoseconds to seconds. A difference of two instants is exact in 64 bits; divide only at the end.
constexpr double to_seconds(TimeNs duration) {
  return static_cast<double>(duration) / 1e9;
}
constexpr TimeNs from_seconds(double seconds) {
  return static_cast<TimeNs>(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5));
}
constexpr TimeNs to_ns(Seconds duration) {
  return from_seconds(duration.count());
}

}  // namespace tbft::power
