// Properties of the chips of hwmon drivers: shunts, ranges and limits.
#pragma once

#include <string>
#include <string_view>

#include "power/meters/hwmon_channels.h"

namespace tbft::power {

// Whether the sensor is one that users install themselves, usually in the board's supply.
bool is_wired_by_user(std::string_view driver);

// The shunt value that a driver uses, and whether it was configured.
struct AssumedShunt {
  double ohm = 0;  // 0: no external shunt
  bool configured = false;
  std::string file;  // the attribute that configures it; empty: none
};
AssumedShunt assumed_shunt(const HwmonDevice& device, const HwmonChannel& channel);

// Chips with known ranges, and for most of them the rounding of their driver. The driver leaves the INA219 in its reset
// configuration (12 bit, 320 mV, continuous). INA226: SBOS547, 7.5.
struct HwmonChip {
  std::string_view name;
  double full_scale_V;  // of the shunt voltage
  double bus_range_V;
  double shunt_lsb_V = 0;  // 0: steps and conversion times are unknown
  double bus_lsb_V = 0;
  double power_steps = 0;     // one step of power in steps of current; or, if power is finer, the voltage of one step
  bool takes_turns = false;   // converts shunt and bus in turns; update_interval (or conversion_s) is one turn of each
  double conversion_s = 0;    // 0: update_interval has it
  double gain_limit_A = 0;    // relative; 0: unknown
  double gain_limit_V = 0;    // relative
  double offset_limit_V = 0;  // of the shunt voltage
  double bus_offset_limit_V = 0;
};
const HwmonChip* hwmon_chip(std::string_view driver);  // null: unknown

// Limits of possible values. A value beyond them is a damaged read, such as a negative number read as unsigned.
struct HwmonLimits {
  double volts_V = 1000;
  double amps_A = 2000;
  double power_W = 20e3;  // twice the power of a server with eight accelerators
};
inline constexpr double hwmon_over_range = 1.05;  // converters show values slightly beyond their range
HwmonLimits hwmon_limits(std::string_view driver);

}  // namespace tbft::power
