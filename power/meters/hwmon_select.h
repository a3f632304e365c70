// Which device, rail and voltage a URI of hwmon:// names. All throw BadMeterUri that lists what there is.
#pragma once

#include <string_view>
#include <vector>

#include "power/meters/hwmon_channels.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// The rail that feeds the board and so contains the others (Jetson).
bool is_hwmon_input(std::string_view label);

// Throws MeterUnavailable where none of `all` has the name.
HwmonDevice select_hwmon_device(const MeterUri& uri, const std::vector<HwmonDevice>& all);
// With its voltage: what is known of it, or what the URI says. Throws MeterUnavailable for a device without any.
HwmonChannel select_hwmon_channel(const MeterUri& uri, const HwmonDevice& device);

}  // namespace tbft::power
