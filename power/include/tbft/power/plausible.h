// Whether whole readings can be true of a device that draws power. Pure functions that throw nothing: what the processors did
// is given.
#pragma once

#include <span>
#include <string>

#include "tbft/power/energy.h"
#include "tbft/power/meter.h"

namespace tbft::power {

// The smallest energy in joules that `energy` leaves possible: its value less U, or less U_random where U is unknown.
double lower_bound_J(const Energy& energy);

// Why an energy that is negative beyond its uncertainty is no result, with the remedy; empty for any other.
std::string negative_reason(const Energy& energy);
// The same of a net energy: idle drew more than the work. `gross` it is made of.
std::string negative_reason(const NetEnergy& net, const Energy& gross);

// How much of the processors was in use during a window, percent of all; unknown where nobody looked.
struct WatchedEnergy {
  const Energy* energy = nullptr;
  double busy_pct = unknown;
  double busy_processors = unknown;  // on average
};

// What speaks against a meter whose values do not move. At most one is not empty.
struct StandsStill {
  std::string invalid;  // why the energy is no result
  std::string warning;  // why it may be none
};
// A counter that did not rise beside busy processors, a sensor that reads exactly 0 W, or one whose every reading is the same
// in `work` and in all idle windows although the processors' use differs by more than 50 points. Nothing is held against
// estimates, replays, programs (exec://) and lines of text (lines://), whose values somebody else makes.
StandsStill stands_still(const MeterInfo& meter, const WatchedEnergy& work, std::span<const WatchedEnergy> idle);

// Makes the energy of a window in which this program kept a processor busy invalid where it is negative, or its meter stood
// still.
void refuse_implausible(Energy& energy, const MeterInfo& meter);

}  // namespace tbft::power
