// Integrates the energy of one window reading by reading; energy() uses it. Memory does not grow with the number of readings.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// If a window is one of several parts, a part with this reason still has its interpolated joules, and combine() may use them.
inline constexpr std::string_view no_reading_inside = "no reading inside";

// Whether a reading is a sample of this meter: a new value, neither a failed read nor a repeated value.
bool is_sample(const Reading& reading, const MeterInfo& meter);

// How far from an edge of a window a reading may lie: the gap limit. A counter loses nothing in a gap, and its value at an edge
// is interpolated, so its limit is longer (a sampler under a container's quota pauses for up to 0.1 s).
TimeNs edge_limit(const MeterInfo& meter);

// How far inside the window its edges blur readings, in ns. Before close(), only readings that are older than this may be
// added, because the window may end now.
TimeNs edge_reach(const MeterInfo& meter);

class RunningEnergy {
 public:
  // `meter` must outlive it; what it says when a reading is added holds for that reading. Readings from before t0 may be added:
  // the last sample at or before t0 counts.
  RunningEnergy(TimeNs t0_ns, const MeterInfo& meter);

  // Adds a reading. Readings come in time order and include failed and repeated ones. Does nothing once complete().
  void add(const Reading& reading);
  void close(TimeNs t1_ns) { t1_ns_ = t1_ns; }
  // Whether a sample at or beyond the closed end was added, so that no more readings are needed.
  bool complete() const { return have_last_ && last_.t_ns >= t1_ns_; }
  TimeNs t1_ns() const { return t1_ns_; }

  // The energy of the closed window from the readings added so far, as energy_part() gives it.
  Energy finish() const;

 private:
  // The smallest and the largest value added.
  struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    void add(double x);
    double width() const { return high > low ? high - low : 0; }
  };
  // One kind of quantised value. Readings with the same code share one rounding error; errors of different codes are
  // independent.
  class Quantisation {
   public:
    // `shared`: all values count as one code.
    Quantisation(double step, bool shared) : step_(step), shared_(shared) {}
    // `J_per_unit`: the change of the energy in joules if this reading changes by 1 A, 1 V or 1 W.
    void add(double value, double J_per_unit);
    // `step`: the present one. Of a sum of meters it grows with the values; the codes stay those of the first step.
    double variance_J2(double step) const;

   private:
    double step_;
    bool shared_;
    static constexpr std::size_t most_codes = 65536;  // the number of codes of a 16-bit converter
    std::unordered_map<double, double> by_code_;
    double rest_ = 0;  // sum of squares for further codes, each treated as if it occurred once
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
  TimeNs limit_;  // of the wait for the next sample, so that a change by a sample beyond the end comes too late for it
  TimeNs reach_;

  Reading last_;
  bool have_last_ = false;
  bool failed_ = false;  // a read failed since last_
  TimeNs first_ns_ = 0;
  std::size_t samples_ = 0;
  std::size_t saturated_ = 0;
  bool clipped_ = false;  // a sensor with a power value was saturated; a counter alone can only have wrapped
  bool backwards_ = false;
  bool reset_ = false;
  bool asleep_ = false;        // the machine was suspended since last_
  bool slept_inside_ = false;  // the machine was suspended within the window
  TimeNs longest_ = 0;
  double gaps_s_ = 0;

  double sum_J_ = 0;
  double J_at_t0_ = 0, J_at_t1_ = 0;
  double smallest_rise_J_ = std::numeric_limits<double>::infinity();  // smallest rise of a counter between two readings
  bool stood_ = false;                                                // the counter did not rise between two readings
  double last_mean_W_ = 0;
  bool have_mean_ = false;
  double volt_seconds_ = 0, amp_seconds_ = 0;
  Range range_;   // powers of all readings used
  Range inside_;  // powers inside the window

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
