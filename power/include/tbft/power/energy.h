// Energy as a pure function of readings and a window. Nothing here keeps state, reads a clock, accesses a device or throws: an
// energy that cannot be determined is invalid and has a reason.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// The energy of one window, or of several windows of one name taken together. If it is invalid, energy_J, mean_W and the
// uncertainties are unknown and `reason` says why; the counts remain.
struct Energy {
  bool valid = false;
  std::string reason;
  double energy_J = unknown;
  double mean_W = unknown;
  double max_W = unknown;
  double least_W = unknown;  // smallest reading; equal to max_W if all readings are the same
  double duration_s = 0;
  std::size_t samples = 0;       // distinct readings inside the window(s)
  double distinct_hz = unknown;  // rate of distinct readings
  double longest_gap_s = unknown;
  double coverage_pct = unknown;  // share of the window outside gaps
  double U_J = unknown;           // expanded uncertainty, k = 2; unknown if the meter's accuracy is unknown
  double U_random_J = unknown;    // the part without gain and offset (quantisation, time, edges, gaps), k = 2
  double U_repeating_J = 0;       // the part of U_random_J whose error may be the same in each window at an equal load, k = 2
  double u_rel_gain = unknown;    // standard uncertainty, relative, common to all readings of one meter
  double u_offset_W = unknown;    // standard uncertainty of the common power offset: root sum of squares of the next two
  double u_offset_by_A_W = unknown;  // the part from the current's offset, at this voltage, or from the power's offset
  double u_offset_by_V_W = unknown;  // the part from the voltage's offset, at this current
};

// The energy of `window` in joules, with its uncertainty: trapezoid on true times with interpolated window edges, sums in
// double; a counter is differenced instead. `readings` are in time order and may extend beyond the window; equal times are a
// step. `meter` gives the gap limit and the limits of accuracy.
Energy energy(std::span<const Reading> readings, const Window& window, const MeterInfo& meter);

// A converter averages longer from a reading on.
struct MeterChange {
  std::size_t reading = 0;  // its position among the readings
  double averaging_s = 0;
  double current_share = 1;
  double gap_limit_s = 0;
};

// As energy(), for a window that is one of several parts. Without a reading inside it is invalid as well, but keeps the joules
// interpolated from the readings around it, for combine(). `changes`: of `meter`, in the order of their readings.
Energy energy_part(std::span<const Reading> readings, const Window& window, const MeterInfo& meter,
                   std::span<const MeterChange> changes = {});

// Adds windows of the same name (training is interleaved with validation). The sum is valid if the parts together have a
// reading inside and no part is invalid for another reason. Short parts between two readings are interpolated, and U includes
// the error of that. Errors of rounding and of late stamps do not average out: the load rounds to the same values in each part,
// and a meter is late in the same way.
Energy combine(std::span<const Energy> parts);

// Makes an energy invalid: joules, powers and uncertainties become unknown, the counts remain.
void invalidate(Energy& energy, std::string reason);

// The energy beyond idle in joules: gross - idle_W x duration, with idle_W the mean of both sides. U includes half the
// difference of the sides. A constant offset cancels. If idle is unknown (no idle window, or an invalid one), net is unknown,
// never equal to gross.
struct NetEnergy {
  double idle_W = unknown;
  double idle_drift_W = unknown;  // idle power after minus before
  double net_J = unknown;
  double U_net_J = unknown;
  double U_random_net_J = unknown;
};
NetEnergy net(const Energy& gross, const Energy& idle_before, const Energy& idle_after);

}  // namespace tbft::power
