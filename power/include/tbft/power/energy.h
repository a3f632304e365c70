// Energy as a pure function of readings and a window. Nothing here keeps state, reads a clock or touches a device, and nothing
// throws: an energy that cannot be told is invalid and says why.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// The energy of one window, or of several windows of one name taken together.
// Invalid: energy_J, mean_W and the uncertainties are unknown and `reason` says why; the counts stay.
struct Energy {
  bool valid = false;
  std::string reason;
  double energy_J = unknown;
  double mean_W = unknown;
  double max_W = unknown;
  double least_W = unknown;  // smallest reading; equal to max_W where all readings are the same
  double duration_s = 0;
  std::size_t samples = 0;       // distinct readings inside the window(s)
  double distinct_hz = unknown;  // rate of distinct readings
  double longest_gap_s = unknown;
  double coverage_pct = unknown;     // share of the window that no gap takes
  double U_J = unknown;              // expanded uncertainty, k = 2; unknown where the meter's accuracy is
  double U_random_J = unknown;       // the part that differs from window to window (quantisation, time, edges, gaps), k = 2
  double u_rel_gain = unknown;       // standard, relative: common to all readings of one meter
  double u_offset_W = unknown;       // standard: a constant power error common to all readings; the root of the squares of
  double u_offset_by_A_W = unknown;  // what an offset of the current does at this voltage
  double u_offset_by_V_W = unknown;  // and one of the voltage at this current
};

// The energy of `window` in joules, with its uncertainty: trapezoid on true times with interpolated window edges, sums in
// double; a counter is differenced instead. `readings` are in time order and may extend beyond the window; equal times are a
// step. `meter` gives the gap limit and the limits of accuracy.
Energy energy(std::span<const Reading> readings, const Window& window, const MeterInfo& meter);

// As energy(), for a window that is one part of many: without a reading inside it is invalid too, but keeps the joules that the
// readings around it give, for combine().
Energy energy_part(std::span<const Reading> readings, const Window& window, const MeterInfo& meter);

// Windows of the same name taken together (training is interleaved with validation). Valid where the parts together have a
// reading inside and no part is invalid for another reason: short parts between two readings are interpolated, and say so in U.
Energy combine(std::span<const Energy> parts);

// Makes it invalid: joules, powers and uncertainties unknown, the counts stay.
void invalidate(Energy& energy, std::string reason);

// What the work drew beyond idle, in joules: gross - idle_W x duration, idle the mean of both sides, half their difference in
// U. A constant offset cancels. Unknown idle (no idle window, or invalid) leaves net unknown, never equal to gross.
struct NetEnergy {
  double idle_W = unknown;
  double idle_drift_W = unknown;  // after less before
  double net_J = unknown;
  double U_net_J = unknown;
  double U_random_net_J = unknown;
};
NetEnergy net(const Energy& gross, const Energy& idle_before, const Energy& idle_after);

}  // namespace tbft::power
