// When does a free-running converter finish? Learns its period and phase from polls that were just too early or in time.
#pragma once

#include <optional>

#include "power/units.h"

namespace tbft::power {

// Polls creep towards the end of the conversion until one comes too early; that one, together with the poll before it, pins the
// phase to within a few microseconds. So about one poll in thirty is wasted, and the host follows the chip's own oscillator.
class ConversionTracker {
 public:
  // The period may differ by 12 % from what the datasheet says. `retry`: how long to wait after a poll that came too early.
  ConversionTracker(double period_s, double retry_s)
      : nominal_(period_s * 1e9), retry_(retry_s * 1e9), period_(nominal_), precision_(0.12 * nominal_) {}

  // Conversions began anew at `t` (the configuration was written).
  void restart(TimeNs t);
  // The instant of the next poll.
  TimeNs due() const { return due_; }
  // What the poll at `t` found.
  void not_ready(TimeNs t);
  void ready(TimeNs t);
  // The poll at `t` said nothing: try again a while later.
  void skip(TimeNs t, TimeNs pause);

  // The end of the conversion that the last ready poll found; nullopt where the host was late and it cannot be told which it
  // was.
  std::optional<TimeNs> last_end() const;
  // By how much that may be wrong.
  double uncertainty_ns(TimeNs t) const;
  TimeNs period() const { return static_cast<TimeNs>(period_); }
  TimeNs last_ready() const { return last_ready_; }

 private:
  double creep() const;

  double nominal_;
  double retry_;
  double period_;
  double precision_;   // of the period
  TimeNs anchor_ = 0;  // the end of a conversion
  double anchor_width_ = 0;
  bool anchored_ = false;  // in this cycle
  TimeNs due_ = 0;
  TimeNs early_ = 0;       // the latest poll of this cycle that came too early; 0: none
  TimeNs last_ready_ = 0;  // the latest poll that was in time
  bool last_on_time_ = false;
  bool lost_ = false;  // polls were skipped: the next ones keep no distance to the end of a conversion
};

}  // namespace tbft::power
