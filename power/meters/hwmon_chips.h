// What is known of the chips behind hwmon drivers: their shunts, ranges and limits.
#pragma once

#include <string>
#include <string_view>

#include "power/meters/hwmon_channels.h"

namespace tbft::power {

// Sensors that their user puts where he wants them, as a rule into the board's supply.
bool is_wired_by_user(std::string_view driver);

// What a driver takes the shunt for, and whether somebody told it.
struct AssumedShunt {
  double ohm = 0;  // 0: it has none outside
  bool told = false;
  std::string file;  // by which it can be told; empty: none
};
AssumedShunt assumed_shunt(const HwmonDevice& device, const HwmonChannel& channel);

// Chips whose ranges are known, and of most what their driver rounds to. The driver leaves the INA219 in its reset
// configuration (12 bit, 320 mV, continuous). INA226: SBOS547, 7.5.
struct HwmonChip {
  std::string_view name;
  double full_scale_V;  // of the shunt
  double bus_range_V;
  double shunt_lsb_V = 0;  // 0: neither steps nor times are known
  double bus_lsb_V = 0;
  double power_steps = 0;     // steps of current in one step of power; where those are finer, the volts that a step acts on
  bool takes_turns = false;   // shunt and bus, and update_interval (or conversion_s) is one turn of each
  double conversion_s = 0;    // 0: update_interval says
  double gain_limit_A = 0;    // relative; 0: unknown
  double gain_limit_V = 0;    // relative
  double offset_limit_V = 0;  // of the shunt
  double bus_offset_limit_V = 0;
};
const HwmonChip* hwmon_chip(std::string_view driver);  // null: not known

// What no device of its kind can show. A value beyond is a damaged read, such as a negative number read as one without sign.
struct HwmonLimits {
  double volts_V = 1000;
  double amps_A = 2000;
  double power_W = 20e3;  // of a server with eight accelerators, doubled
};
inline constexpr double hwmon_over_range = 1.05;  // converters show a little more than their range
HwmonLimits hwmon_limits(std::string_view driver);

}  // namespace tbft::power
