// Tracks a converter that runs continuously: finds the end of each conversion from polls of its ready flag.
#pragma once

#include <cstdint>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

// An instant of which only bounds are known, such as the instant at which a chip latched a register's value for the bus.
struct Span {
  TimeNs earliest = 0;
  TimeNs latest = 0;
};

// Each poll bounds the end of a conversion: a set flag means "no later than this read", a clear flag "not before it". The
// bounds of many cycles are moved by the bounds of the period and intersected. A late poll therefore widens the bounds of an
// end but never makes them wrong. Once the bounds are wider than half of `resolution` (moving widens them), a poll is aimed
// between them, which halves their distance whatever it finds; all other polls are aimed after them.
//
// Polls after an end cannot show that an oscillator became faster, so one in 64 cycles is aimed before the end. If it finds the
// flag set, the phase is searched for again. Until then a jump of 0.1 % shifts stamps by up to 70 us.
class ConversionTracker {
 public:
  // The period may differ by 12 % from `period_s`. `resolution_s`: an end whose bounds lie further apart is not reported.
  ConversionTracker(double period_s, double resolution_s);

  // Conversions restarted at `t` (the configuration was written).
  void restart(Span t);

  // When to wake so that a read that latches the register's value `lead` later gives the most information.
  TimeNs due(TimeNs lead) const;
  // Whether the next poll is aimed between the bounds; it may be too early, so the flag should be read first.
  bool probing() const { return probing_; }
  // The thread that asked to wake at `due` woke at `t`. Probes are aimed earlier by the delay that four of five wake-ups
  // exceed: a probe that is too late costs nothing, while one that is too early costs a wait.
  void woke(TimeNs due, TimeNs t);

  // The result of a poll that read the flag. Ready: the flag was cleared no later than `cleared`.
  void not_ready(Span flag);
  void ready(Span flag, TimeNs cleared);
  // The poll at `t` gave no information; the next one follows after `pause`.
  void skip(TimeNs t, TimeNs pause);

  // The end of the conversion that the last poll found; nullopt if it found none, if it is unknown which one, or if the bounds
  // are too wide.
  std::optional<Span> end() const { return end_; }
  TimeNs period() const { return static_cast<TimeNs>((least_period_ + most_period_) / 2); }
  std::int64_t cycle() const { return bounds_.cycle; }  // the cycle of the bounds, counted from the restart
  TimeNs last_ready() const { return last_ready_; }

 private:
  // The end of a cycle lies in [low, high], in ns since origin_.
  struct Bounds {
    std::int64_t cycle = 0;
    double low = 0;
    double high = 0;
    double width() const { return high - low; }
  };
  double since(TimeNs t) const { return static_cast<double>(t - origin_); }
  void advance_to(double t);
  void learn_period();
  void start_over(double low, double high);
  void aim_beyond(double t);
  void aim(double low, double high, double t, double close);
  bool wide() const;

  double nominal_;
  double resolution_;
  double least_period_ = 0;
  double most_period_ = 0;
  TimeNs origin_ = 0;
  Bounds bounds_;
  Bounds anchor_;             // an earlier cycle, from which the period is measured
  Bounds next_anchor_;        // replaces the anchor, so that the period tracks the oscillator
  std::int64_t found_ = 0;    // the latest cycle whose end a poll has found
  std::int64_t checked_ = 0;  // the latest cycle in which a poll was too early
  double seen_ = 0;           // a conversion that sets the flag later ended after this
  double cleared_ = 0;        // a flag set between seen_ and this may have been cleared unseen
  double late_ = 0;           // four of five wake-ups are late by at least this
  int wakes_ = 0;
  bool probing_ = false;
  double target_ = 0;  // instant of the next read
  std::optional<Span> end_;
  TimeNs last_ready_ = 0;
};

}  // namespace tbft::power
