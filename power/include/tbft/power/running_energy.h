// The energy of one window as its readings come: what energy() is made of. Memory does not grow with the number of readings.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// A part of many with this reason still has its interpolated joules; combine() may use them.
inline constexpr std::string_view no_reading_inside = "no reading inside";

// Whether a reading is a sample of this meter: a new value, not a failed read and not the old one again.
bool is_sample(const Reading& reading, const MeterInfo& meter);

// How far from an edge of a window a reading may lie: the gap limit. A counter loses nothing in a gap, and what it says at an
// edge is interpolated, so it may take longer (a sampler under a container's quota pauses for up to a tenth of a second).
TimeNs edge_limit(const MeterInfo& meter);

// How far inside the window its edges blur readings. Before close(), only readings that are older than now by more than this
// may be added, since the window may end now.
TimeNs edge_reach(const MeterInfo& meter);

class RunningEnergy {
 public:
  // `meter` must outlive it. Readings from before t0 may be added: the last sample at or before t0 counts.
  RunningEnergy(TimeNs t0_ns, const MeterInfo& meter);

  // In time order, failed and repeated ones included. Nothing happens once complete().
  void add(const Reading& reading);
  void close(TimeNs t1_ns) { t1_ns_ = t1_ns; }
  // A sample at or beyond the closed end was added: nothing more is needed.
  bool complete() const { return have_last_ && last_.t_ns >= t1_ns_; }
  TimeNs t1_ns() const { return t1_ns_; }

  // Of the closed window, from what was added so far. As energy_part().
  Energy finish() const;

 private:
  // Smallest and largest of what it has seen.
  struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    void add(double x);
    double width() const { return high > low ? high - low : 0; }
  };
  // One kind of quantised value. Readings that show the same code share one rounding error; different codes err independently.
  class Quantisation {
   public:
    explicit Quantisation(double step) : step_(step) {}
    // `J_per_unit`: how far an error of 1 (ampere, volt, watt) in this reading moves the energy.
    void add(double value, double J_per_unit);
    double variance_J2() const;

   private:
    double step_;
    static constexpr std::size_t most_codes = 65536;  // as many as a 16-bit converter has
    std::unordered_map<double, double> by_code_;
    double rest_ = 0;  // of further codes, each as if it were seen once
  };

  double value(const Reading& r) const { return meter_->counter ? r.energy_J : r.power_W; }
  void restart();
  void sample(const Reading& r);
  void interval(const Reading& a, const Reading& b, bool gap);
  void watch_edges(TimeNs from, TimeNs to, double power_W);
  void note_ends(const Reading& a, const Reading& b, double at_t0_W, double at_t1_W);
  TimeNs uncovered(TimeNs from, TimeNs to) const;
  std::string why_invalid(const Energy& e) const;
  void budget(Energy& e) const;

  const MeterInfo* meter_;
  TimeNs t0_ns_;
  TimeNs t1_ns_ = std::numeric_limits<TimeNs>::max();
  TimeNs limit_;
  TimeNs reach_;

  Reading last_;
  bool have_last_ = false;
  bool failed_ = false;  // a read failed since last_
  TimeNs first_ns_ = 0;
  std::size_t samples_ = 0;
  std::size_t saturated_ = 0;
  bool clipped_ = false;  // by a sensor that shows its power; a counter alone can only have wrapped
  bool backwards_ = false;
  bool reset_ = false;
  bool asleep_ = false;        // since last_
  bool slept_inside_ = false;  // within the window
  TimeNs longest_ = 0;
  double gaps_s_ = 0;

  double sum_J_ = 0;
  double J_at_t0_ = 0, J_at_t1_ = 0;
  double smallest_rise_J_ = std::numeric_limits<double>::infinity();  // of a counter, from reading to reading
  bool stood_ = false;                                                // it did not rise from one reading to the next
  double last_mean_W_ = 0;
  bool have_mean_ = false;
  double volt_seconds_ = 0, amp_seconds_ = 0;
  Range range_;   // of power, over all that was used
  Range inside_;  // of power, inside the window

  Quantisation codes_A_, codes_V_, codes_W_;
  double steps_J2_ = 0, reversals_J2_ = 0;
  double last_step_W_ = 0, last_length_s_ = 0;
  double gaps_s2_ = 0;
  double edge_s_[2] = {0, 0};  // spacing of the readings around each edge
  Range edge_W_[2];
  bool start_seen_ = false;
  double end_W_[2] = {0, 0};
};

}  // namespace tbft::power
