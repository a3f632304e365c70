// Checks whether readings are possible for a device that draws power. Pure functions that throw nothing; the use of the
// processors is an argument.
#pragma once

#include <span>
#include <string>

#include "tbft/power/energy.h"
#include "tbft/power/meter.h"

namespace tbft::power {

// The lower bound of an energy in joules: its value minus U, or minus U_random if U is unknown.
double lower_bound_J(const Energy& energy);

// The reason, with the remedy, why an energy that is negative beyond its uncertainty is invalid; empty for any other energy.
std::string negative_reason(const Energy& energy);
// The same for a net energy, which is negative if the machine drew more while idle than during the work. `gross` is the energy
// from which the net energy was computed.
std::string negative_reason(const NetEnergy& net, const Energy& gross);

// The use of the processors during a window in percent of all processors; unknown if it was not recorded.
struct WatchedEnergy {
  const Energy* energy = nullptr;
  double busy_pct = unknown;
  double busy_processors = unknown;  // on average
};

// The finding about a meter whose values do not change. At most one member is not empty.
struct StandsStill {
  std::string invalid;  // why the energy is invalid
  std::string warning;  // why the energy may be wrong
};
// Finds a counter that did not rise while processors were busy, a sensor that reads exactly 0 W, and a sensor whose readings
// are all the same in `work` and in all idle windows although the processors' use differs by more than 50 points. Accepts
// estimates, replays, programs (exec://) and lines of text (lines://), because other software makes their values.
StandsStill stands_still(const MeterInfo& meter, const WatchedEnergy& work, std::span<const WatchedEnergy> idle);

// Invalidates the energy of a window in which this program kept a processor busy if the energy is negative or the meter's
// values did not change.
void refuse_implausible(Energy& energy, const MeterInfo& meter);

}  // namespace tbft::power
