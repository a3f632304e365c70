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
  lost_ = false;
  early_ = 0;
  due_ = t + static_cast<TimeNs>(nominal_ - precision_);
}

void ConversionTracker::not_ready(TimeNs t) {
  early_ = t;
  anchored_ = false;
  due_ = t + static_cast<TimeNs>(retry_);
}

void ConversionTracker::ready(TimeNs t) {
  if (lost_ && early_ == 0) {
    // Where in its cycle the chip is cannot be told from this poll: the next ones watch for the end of a conversion. Creeping
    // there could take hundreds of cycles, in which every poll might come too late for values that belong together.
    last_on_time_ = false;
    last_ready_ = t;
    due_ = t + static_cast<TimeNs>(retry_);
    return;
  }
  lost_ = false;
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
          precision_ = std::max(std::min(precision_, precision), 1e-4 * nominal_);  // oscillators drift
        }
      }
      anchor_ = end;
      anchor_width_ = width;
      anchored_ = true;
    }
  }
  last_on_time_ = (early_ != 0 && anchored_) || t - due_ <= static_cast<TimeNs>(retry_);
  last_ready_ = t;
  // From the end that was just seen, a full margin; else from the last deadline (not from `t`, which the host's delays are in),
  // a little earlier each time.
  if (early_ != 0 && anchored_) due_ = anchor_ + static_cast<TimeNs>(retry_);
  early_ = 0;
  const double cycles = std::max(1.0, std::floor(static_cast<double>(t - due_) / period_) + 1);
  due_ = std::max(t + 1, due_ + static_cast<TimeNs>(cycles * period_ - creep()));
}

void ConversionTracker::skip(TimeNs t, TimeNs pause) {
  early_ = 0;
  last_on_time_ = false;
  lost_ = true;
  due_ = t + pause;
}

std::optional<TimeNs> ConversionTracker::last_end() const {
  const TimeNs t = last_ready_;
  const double phase = static_cast<double>(t - anchor_) / period_;
  double cycles = std::floor(phase);
  const double doubt = std::min(0.5, (uncertainty_ns(t) + retry_) / period_);
  if (phase - cycles > 1 - doubt) {  // an end is just due: has it passed? A poll in time found this cycle's conversion
    if (!last_on_time_) return std::nullopt;
    ++cycles;
  }
  return std::min(t, anchor_ + static_cast<TimeNs>(cycles * period_));
}

double ConversionTracker::uncertainty_ns(TimeNs t) const {
  return anchor_width_ + std::abs(static_cast<double>(t - anchor_) / period_) * precision_;
}

}  // namespace tbft::power
