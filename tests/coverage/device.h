// Power meters as their datasheets describe them, with errors drawn for one specimen. Knows nothing of the driver or the
// budget.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tbft/power/meter.h"
#include "tests/coverage/waveform.h"

namespace tbft::coverage {

// What a maker states of a kind of meter. Limits are of rectangular distributions.
struct DeviceKind {
  double period_s = 0;                  // from reading to reading
  double period_tolerance = 0;          // of the device's own clock
  double amps_from = 0, amps_to = 1;    // part of the period over which the current is averaged
  double volts_from = 0, volts_to = 1;  // and the voltage
  double stamp = 0.5;                   // the part of the period that the host stamps
  double latest_s = 0;                  // how late the host may notice a reading
  double amps_step_A = 0, volts_step_V = 0, power_step_W = 0, energy_step_J = 0;  // of the values as they are sent
  bool volts_floor = false;                                                       // the converter cuts off instead of rounding
  bool counter = false;                                                           // sends an energy counter
  std::array<double, 3> gain_limits{};                                            // relative, each an error of its own
  double offset_A = 0, offset_V = 0;
};

enum class Errors { gaussian, rectangular, none };  // none: neither gain nor offset errs

// One specimen looks at a waveform: its readings over [from, to], time-stamped as a host would.
std::vector<power::Reading> observe(const DeviceKind& kind, Errors errors, const Waveform& waveform, double from_s, double to_s,
                                    std::mt19937_64& random);

}  // namespace tbft::coverage
