// Finds the device, rail and voltage that a URI of hwmon:// names. All functions throw BadMeterUri, which lists the choices.
#pragma once

#include <string_view>
#include <vector>

#include "power/meters/hwmon_channels.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Whether the rail supplies the board and so includes the others (Jetson).
bool is_hwmon_input(std::string_view label);

// Throws MeterUnavailable if none of `all` has the name.
HwmonDevice select_hwmon_device(const MeterUri& uri, const std::vector<HwmonDevice>& all);
// The rail with its voltage, which is known or named in the URI. Throws MeterUnavailable for a device without rails.
HwmonChannel select_hwmon_channel(const MeterUri& uri, const HwmonDevice& device);

}  // namespace tbft::power
