// pmic:// : the rails of the Raspberry Pi 5's power management chip, as reported by the firmware.
//
// The sum of current times voltage over the chip's 12 rails. It is not board power, because it excludes loads on the 5 V supply
// (USB, HATs, HDMI) and the chip's own losses. Scope rail. A Raspberry Pi 4 has no such chip. Options: refresh (s, 0.1),
// gain_pct, gap_limit. Every reading sends a command to the firmware, which costs some processor time.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable: no Raspberry Pi, no permission, or the firmware does not have the command.
std::unique_ptr<Meter> open_pmic(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_pmic(const Roots& roots);

}  // namespace tbft::power
