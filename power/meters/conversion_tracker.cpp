#include "power/meters/conversion_tracker.h"

#include <algorithm>
#include <cmath>

namespace tbft::power {

double ConversionTracker::creep() const {
  return std::max(retry_ / 24, precision_);
}

void ConversionTracker::restart(TimeNs t) {
  period_ = nominal_;
  precision_ = 0.12 * nominal_;
  anchor_ = t;
  anchor_width_ = 0;
  last_ready_ = t;
  last_on_time_ = false;
  early_ = 0;
  due_ = t + static_cast<TimeNs>(nominal_ - precision_);
}

void ConversionTracker::not_ready(TimeNs t) {
  early_ = t;
  due_ = t + static_cast<TimeNs>(retry_);
}

void ConversionTracker::ready(TimeNs t) {
  if (early_ != 0) {
    // The end lies after the early poll, before this one, and not after where the last poll in time would be one cycle on.
    const auto cycles_on = std::round(static_cast<double>(t - last_ready_) / period_);
    const double bound = last_on_time_
                             ? static_cast<double>(last_ready_ - early_) + cycles_on * period_ + precision_ * cycles_on
                             : static_cast<double>(t - early_);
    const double width = std::clamp(bound, 0.0, static_cast<double>(t - early_));
    // A poll that the host delayed says little; the phase known so far is better.
    if (t - early_ <= static_cast<TimeNs>(2.5 * retry_)) {
      const TimeNs end = early_ + static_cast<TimeNs>(width / 2);
      const double cycles = std::round(static_cast<double>(end - anchor_) / period_);
      if (cycles >= 1) {
        const double period = static_cast<double>(end - anchor_) / cycles;
        const double precision = (anchor_width_ + width) / 2 / cycles;
        const double weight = precision < precision_ ? 1 : 0.25;
        if (std::abs(period - nominal_) <= 0.15 * nominal_) {
          period_ += weight * (period - period_);
          precision_ = std::min(precision_, precision);
        }
      }
      anchor_ = end;
      anchor_width_ = width;
    }
  }
  last_on_time_ = early_ != 0 || t - due_ <= static_cast<TimeNs>(retry_);
  last_ready_ = t;
  early_ = 0;
  schedule(t);
}

void ConversionTracker::skip(TimeNs t, TimeNs pause) {
  early_ = 0;
  last_on_time_ = false;
  due_ = t + pause;
}

// The next end after `after`, and a margin that shrinks with every cycle since the phase was last seen.
void ConversionTracker::schedule(TimeNs after) {
  const double cycles = std::floor(static_cast<double>(after - anchor_) / period_ + 0.25) + 1;
  const double margin = std::max(retry_ - cycles * creep(), -0.25 * period_);
  due_ = std::max(after + 1, anchor_ + static_cast<TimeNs>(cycles * period_ + margin));
}

TimeNs ConversionTracker::end_before(TimeNs t) const {
  const double cycles = std::floor(static_cast<double>(t - anchor_) / period_ + 0.25);
  return std::min(t, anchor_ + static_cast<TimeNs>(cycles * period_));
}

}  // namespace tbft::power
