// Follows a converter that runs by itself: when each conversion ends, from what polls of its ready flag found.
#pragma once

#include <cstdint>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

// An instant of which only bounds are known, such as the one at which a chip took a register's value for the bus.
struct Span {
  TimeNs earliest = 0;
  TimeNs latest = 0;
};

// Each poll bounds the end of a conversion: a flag that is set says "no later than this read", one that is not says "not
// before it". Bounds of many cycles are intersected, carried from cycle to cycle by the bounds of the period. So how late a
// poll comes makes an end less sharp at most, never wrong. Once the bounds are wider than half of `resolution` (carrying
// widens them), a poll is aimed between them, which halves them whatever it finds; all other polls are aimed behind them.
//
// Polls behind an end cannot show that an oscillator became faster: so one in 64 cycles is aimed before the end, and where it
// finds the flag set, the phase is searched for anew. Until then a jump of 0.1 % shifts stamps by up to 70 us.
class ConversionTracker {
 public:
  // The period may differ by 12 % from `period_s`. `resolution_s`: an end whose bounds lie further apart is not told.
  ConversionTracker(double period_s, double resolution_s);

  // Conversions began anew at `t` (the configuration was written).
  void restart(Span t);

  // When to wake so that a read which takes the register's value `lead` later tells most.
  TimeNs due(TimeNs lead) const;
  // The next poll is aimed between the bounds and may well come too early: the flag should be read first.
  bool probing() const { return probing_; }
  // The thread that asked to wake at `due` woke at `t`. Probes are aimed earlier by what four of five wake-ups are late: those
  // that come too late cost nothing, while one that comes too early costs a wait.
  void woke(TimeNs due, TimeNs t);

  // What a poll that read the flag found. Ready: the flag was cleared no later than `cleared`.
  void not_ready(Span flag);
  void ready(Span flag, TimeNs cleared);
  // Nothing was learnt at `t`: try again a while later.
  void skip(TimeNs t, TimeNs pause);

  // The end of the conversion that the last poll found; nullopt where it found none, or it cannot be told which, or not
  // closely.
  std::optional<Span> end() const { return end_; }
  TimeNs period() const { return static_cast<TimeNs>((least_period_ + most_period_) / 2); }
  std::int64_t cycle() const { return bounds_.cycle; }  // that the bounds are of, counted from the restart
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
  Bounds anchor_;             // an earlier cycle: from there to here the period is measured
  Bounds next_anchor_;        // takes its place, so that the period follows the oscillator
  std::int64_t found_ = 0;    // the latest cycle whose end a poll has found
  std::int64_t checked_ = 0;  // the latest in which a poll came too early
  double seen_ = 0;           // what sets the flag later ended after this
  double cleared_ = 0;        // one between seen_ and this may have been cleared unseen
  double late_ = 0;           // four of five wake-ups are later by at least this
  int wakes_ = 0;
  bool probing_ = false;
  double target_ = 0;  // of the next read
  std::optional<Span> end_;
  TimeNs last_ready_ = 0;
};

}  // namespace tbft::power
