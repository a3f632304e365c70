// The description of a sum of meters, from those of its parts and the values that they have shown.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "tbft/power/meter.h"

namespace tbft::power {

// What a sum says of itself as far as it does not depend on readings: all but accuracy, and latency_s without the distance of
// the parts' instants. `infos`: sampled_info() of the parts, in the order of their names.
MeterInfo info_of_sum(const std::string& uri, const std::optional<double>& gap_limit_s, std::span<const std::string> names,
                      std::span<const MeterInfo> infos);

// The largest values that a part has shown since it was started. A limit that depends on them rises in steps of 1 %, so that
// noise does not change the description of the sum again and again.
class LargestValues {
 public:
  double volts_V = unknown;  // magnitudes; unknown: the part shows none
  double amps_A = unknown;
  double power_W = 0;
  double reverse_W = 0;  // of negative power

  // Whether one of them rose.
  bool add(const Reading& reading) {
    const bool volts = rise(volts_V, std::abs(reading.volts_V));
    const bool amps = rise(amps_A, std::abs(reading.amps_A));
    const double watts_W = std::isfinite(reading.power_W) ? reading.power_W : reading.volts_V * reading.amps_A;  // a counter
    const bool power = rise(power_W, std::abs(watts_W));
    const bool reverse = rise(reverse_W, std::max(0.0, -watts_W));
    return volts || amps || power || reverse;
  }

 private:
  static bool rise(double& largest, double value) {
    constexpr double step = 1.01;
    if (!std::isfinite(value) || value <= largest) return false;
    largest = step * value;
    return true;
  }
};

struct PartAccuracy {
  Accuracy accuracy;
  bool counter = false;
  LargestValues largest;
};

// Gains of the parts count as one error, because parts often share a reference and a kind of chip: the largest of them. Offsets
// add up linearly, which is a bound. What is unknown of one part is unknown of the sum. Rounding errors of the parts are
// independent; each is taken to stay the same for all readings, because the sum does not show when it changes.
//
// A part's voltage offset b gives b x I, which changes with the load, while net energies leave out the constant offset_limit_W
// of a meter. So it counts twice: in that offset, and as a gain by the share that it has in the largest power.
Accuracy accuracy_of_sum(std::span<const PartAccuracy> parts);

}  // namespace tbft::power
