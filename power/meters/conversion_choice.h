// Chooses conversion time and averages for a chip that has eight codes for each.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "power/meters/converter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

struct Conversion {
  std::uint8_t ct_code = 0;  // of shunt and bus alike
  std::uint8_t avg_code = 0;
  double ct_s = 0;
  int averages = 1;
  bool triggered = false;

  double cycle_s() const { return 2 * ct_s * averages; }
  double longest_s() const;
  // Without averaging, each register changes when its own conversion ends; otherwise all change together.
  Timing timing(double read_s) const;
  // "588 us x4, continuous"
  std::string text() const;
};

// The conversion times and averages of a chip, and the bus time of a reading.
struct ConverterLimits {
  std::span<const double> ct_s;   // eight, ascending
  std::span<const int> averages;  // eight, ascending; only one if the chip does not average
  double usual_ct_s = 0;          // the default
  double sample_s = 0;            // bus time of one reading
  bool can_trigger = true;
};

// Takes `ct_us` and `avg` from the URI. Without them it chooses the longest average within the interval (0: the usual
// conversion) with which the bus can keep up, so that a reading takes half a cycle at most. If the bus cannot keep up with the
// URI's choice, conversions are triggered. Throws BadMeterUri for a time or an average that the chip does not have.
Conversion choose_conversion(const MeterUri& uri, const ConverterLimits& limits, double interval_s);

}  // namespace tbft::power
