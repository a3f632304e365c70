// The offset between two steady clocks with a guaranteed bound, computed from two-way time exchanges.
//
// An exchange is sent at t1, arrives at t2, is answered at t3 and arrives at t4 (t1, t4 on the local clock, t2, t3 on the
// server's). No message arrives before it was sent, so server - local lies in [t3 - t4, t2 - t1]: its middle is the usual
// estimate ((t2 - t1) + (t3 - t4)) / 2, and its half-width is half the round trip. Between exchanges the interval widens by the
// drift limit. Every exchange is intersected with it, so that a delayed exchange does no harm.
#pragma once

#include <algorithm>

#include "tbft/power/units.h"

namespace tbft::power::remote {

class ClockOffset {
 public:
  // Upper limit of the difference between the rates of two steady clocks: 100 ppm for crystals, 500 ppm for a clock slewed by
  // NTP.
  static constexpr double drift_limit = 500e-6;

  // Adds an exchange. False if it contradicts earlier ones (a machine was suspended, or a clock drifts beyond the limit), which
  // are then forgotten. `t4` is not before that of earlier calls.
  bool exchange(TimeNs t1, TimeNs t2, TimeNs t3, TimeNs t4) {
    const TimeNs low = t3 - t4;
    const TimeNs high = t2 - t1;
    if (low > high) return false;  // not a possible exchange
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
  // Tracks drift: the applied offset moves towards the middle at twice the drift limit at most, so that the spacing of readings
  // is not distorted. It never leaves the interval.
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
  // The largest error of to_local(), as of the last advance() or exchange().
  double error_s() const { return to_seconds(std::max(high_ - applied_, applied_ - low_)); }
  // The same by this exchange alone, for one that contradicts the earlier ones; call it before exchange().
  double error_s(TimeNs t1, TimeNs t2, TimeNs t3, TimeNs t4) const {
    return to_seconds(std::max(t2 - t1 - applied_, applied_ - (t3 - t4)));
  }

 private:
  void restart(TimeNs low, TimeNs high, TimeNs now) {
    known_ = true;
    low_ = low;
    high_ = high;
    applied_ = low + (high - low) / 2;
    at_ = now;
  }

  bool known_ = false;
  TimeNs low_ = 0, high_ = 0;  // bounds of server - local
  TimeNs applied_ = 0;
  TimeNs at_ = 0;  // time of the bounds, on the local clock
};

}  // namespace tbft::power::remote
