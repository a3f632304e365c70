// Parses the answer of the Raspberry Pi 5's firmware to `pmic_read_adc`: currents and voltages of the rails of its power
// management chip. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "tbft/power/units.h"

namespace tbft::power {

// The sum over all rails that have both a current (NAME_A) and a voltage (NAME_V). They are paired by name, because the indices
// in brackets differ. EXT5V and BATT have only a voltage. Allocates nothing.
struct PmicAdc {
  static constexpr std::size_t most_rails = 32;

  double power_W = 0;          // sum of the pairs; unknown if there are none
  std::size_t rails = 0;       // pairs
  double input_V = unknown;    // EXT5V: the supply
  std::size_t unpaired_A = 0;  // currents without a voltage, which the sum excludes
  bool damaged = false;        // a rail has an impossible value, beyond 20 V or 50 A
};

// Any text: lines that are not "NAME_A current(7)=1.11625000A" or "NAME_V volt(24)=5.08530000V" are ignored.
PmicAdc parse_pmic_adc(std::string_view text);

}  // namespace tbft::power
