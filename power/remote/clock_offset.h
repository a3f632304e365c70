// The offset between two steady clocks, with a bound that holds: pure arithmetic over two-way time exchanges.
//
// An exchange is sent at t1, arrives at t2, is answered at t3 and arrives at t4 (t1, t4 on the local clock, t2, t3 on the
// server's). No message arrives before it was sent, so server - local lies in [t3 - t4, t2 - t1]: its middle is the usual
// ((t2 - t1) + (t3 - t4)) / 2 and its half-width half the round trip. Between exchanges the interval widens by the drift limit,
// and every exchange intersects it, so that a delayed one does no harm.
#pragma once

#include <algorithm>

#include "tbft/power/units.h"

namespace tbft::power::remote {

class ClockOffset {
 public:
  // The rates of two steady clocks differ by less: crystals by 100 ppm, and a clock that NTP slews by 500 ppm at most.
  static constexpr double drift_limit = 500e-6;

  // False where the exchange contradicts what was known (a machine slept, or a clock drifts beyond the limit), which is then
  // forgotten. `t4` is not before that of earlier calls.
  bool exchange(TimeNs t1, TimeNs t2, TimeNs t3, TimeNs t4) {
    const TimeNs low = t3 - t4;
    const TimeNs high = t2 - t1;
    if (low > high) return false;  // no exchange
    if (!known_) {
      restart(low, high, t4);
      return true;
    }
    advance(t4);
    if (low > high_ || high < low_) {
      restart(low, high, t4);
      return false;
    }
    low_ = std::max(low_, low);
    high_ = std::min(high_, high);
    applied_ = std::clamp(applied_, low_, high_);
    return true;
  }

  bool known() const { return known_; }
  // Follows drift: the offset that is applied moves towards the middle by twice the drift limit at most, so that the spacing
  // of readings is not distorted, and never leaves the interval.
  void advance(TimeNs now) {
    if (!known_ || now <= at_) return;
    const auto elapsed = static_cast<double>(now - at_);
    at_ = now;
    const auto widen = static_cast<TimeNs>(elapsed * drift_limit) + 1;
    low_ -= widen;
    high_ += widen;
    const auto step = static_cast<TimeNs>(2 * elapsed * drift_limit);
    applied_ += std::clamp(low_ + (high_ - low_) / 2 - applied_, -step, step);
  }
  TimeNs to_local(TimeNs server) const { return server - applied_; }
  // How far to_local() can be off, at the last advance() or exchange().
  double error_s() const { return to_seconds(std::max(high_ - applied_, applied_ - low_)); }

 private:
  void restart(TimeNs low, TimeNs high, TimeNs now) {
    known_ = true;
    low_ = low;
    high_ = high;
    applied_ = low + (high - low) / 2;
    at_ = now;
  }

  bool known_ = false;
  TimeNs low_ = 0, high_ = 0;  // server - local lies between
  TimeNs applied_ = 0;
  TimeNs at_ = 0;  // local clock
};

}  // namespace tbft::power::remote
