// Computes a meter's errors from reference values. A meter reads A = (1 + gain) x A_ref + offset; the voltage is compared by
// its ratio.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tbft/power/meter.h"
#include "tbft/power/window.h"

namespace tbft::power {

// One setting of the reference, and the meter's readings at it.
struct CalibrationPoint {
  double reference_V = 0;
  double reference_A = 0;
  double volts_V = unknown;  // means
  double amps_A = unknown;
  double u_volts_V = unknown;  // standard uncertainty of the means: noise and resolution
  double u_amps_A = unknown;
  std::size_t readings = 0;
};

// The means of the readings at one setting. If the noise of 1 s means exceeds the one that single readings imply (it is not
// white then), it is used for the uncertainty. Throws std::invalid_argument with fewer than 10 readings that carry volts and
// amperes.
CalibrationPoint calibration_point(double reference_V, double reference_A, std::span<const Reading> readings,
                                   const Accuracy& accuracy);

struct Calibration {
  bool separated = false;  // at least two currents, so that gain and offset are known separately
  // Relative gain errors and the offset of the current, with expanded uncertainties (k = 2).
  double gain_A_rel = unknown, U_gain_A_rel = unknown;
  double gain_V_rel = unknown, U_gain_V_rel = unknown;
  double offset_A = unknown, U_offset_A = unknown;
  double worst_residual_A = 0;  // of the straight line; 0 with one or two currents
  // Limits for the URI, which corrects nothing: the uncorrected meter stays within them. They are of what it reads, and
  // infinite if it may not follow the truth at all.
  double gain_pct = unknown;        // of the power: both gains and their U
  double limit_offset_A = unknown;  // with or without the shunt below
  // The shunt resistance that makes the current's gain error 0 (I2C meters with shunt_ohm), and the limit that then remains.
  std::optional<double> shunt_ohm = std::nullopt;
  double gain_pct_with_shunt = unknown;
};

// Fits a weighted straight line through the points. `reference_U_pct`: expanded uncertainty of the reference, percent of its
// volts and amperes each; `shunt_ohm`: the shunt with which the meter was opened, if it has one. One current cannot separate
// gain from offset, so the whole error is given both as gain and as offset. Throws std::invalid_argument without points, or for
// references that are not positive, or where the meter's current is negative.
Calibration calibrate(std::span<const CalibrationPoint> points, double reference_U_pct, std::optional<double> shunt_ohm);

}  // namespace tbft::power
