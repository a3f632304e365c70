// A trace: what a meter said, append-only, with its gaps and with the marks that open and close named windows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "power/units.h"

namespace tbft::power {

// Flags of a reading; a trace file writes them as the letters s r d g z.
enum Flag : std::uint8_t {
  saturated = 1,      // s: the sensor was at the end of its range
  reinitialised = 2,  // r: first reading after the device was found reset and set up again
  repeated = 4,       // d: the device had no new conversion, this is the old value again: not a sample
  gap_begins = 8,     // g: no new reading follows within the gap limit (values unknown on a read failure)
  asleep = 16,        // z: the machine was suspended since the reading before; the steady clock stood still meanwhile
};

// One reading. Values that the meter does not deliver are unknown (NaN).
struct Reading {
  TimeNs t_ns = 0;            // centre of the averaging interval
  double volts_V = unknown;   // bus voltage
  double amps_A = unknown;    // current, same conversion as volts_V
  double power_W = unknown;   // mean power over the averaging interval
  double energy_J = unknown;  // cumulative counter, already unwrapped; counters only
  std::uint8_t flags = 0;
};

// A row of its own in the trace: the exact instant at which a named window opened or closed.
struct Mark {
  TimeNs t_ns = 0;
  std::string name;
  bool opens = true;
};

// A named interval [t0, t1] on the steady clock. Windows nest and overlap; the same name may recur.
struct Window {
  std::string name;
  TimeNs t0_ns = 0;
  TimeNs t1_ns = 0;
};

}  // namespace tbft::power
