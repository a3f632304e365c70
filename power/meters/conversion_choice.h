// Conversion time and averages of a chip that has eight codes for each.
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
  // With one average each register changes as its own conversion ends; else all change together.
  Timing timing(double read_s) const;
  // "588 us x4, continuous"
  std::string text() const;
};

// What a chip can do, and what a reading costs on its bus.
struct ConverterLimits {
  std::span<const double> ct_s;   // eight, rising
  std::span<const int> averages;  // eight, rising; one where the chip does not average
  double usual_ct_s = 0;          // without other wishes
  double sample_s = 0;            // bus time of one reading
  bool can_trigger = true;
};

// `ct_us` and `avg` of the URI as they are; else the longest average within the interval (0: the usual conversion), and in that
// case one that the bus can follow: a reading takes half a cycle at most. What was asked for and cannot be followed is
// triggered. Throws BadMeterUri for a time or an average that the chip has not.
Conversion choose_conversion(const MeterUri& uri, const ConverterLimits& limits, double interval_s);

}  // namespace tbft::power
