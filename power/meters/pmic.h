// pmic:// : the rails of the Raspberry Pi 5's power management chip, as the firmware tells them.
//
// The sum of current times voltage of its rails (12). It is not board power: what hangs on 5 V directly (USB, HATs, HDMI) and
// the chip's own losses are not in it. Scope rail. A Raspberry Pi 4 has no such chip. Options: refresh (s, 0.1), gain_pct,
// gap_limit. Every reading asks the firmware, which takes it some processor time.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable: no Raspberry Pi, no permission, or one whose firmware does not know the command.
std::unique_ptr<Meter> open_pmic(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_pmic(const Roots& roots);

}  // namespace tbft::power
