// power_supply://BAT0 : the power of a battery, as reported by its driver.
//
// Positive while it discharges. While it charges, or is full at a charger, its power is not the machine's: opening then throws
// MeterUnavailable, and plugging in a charger later causes gaps, never small or negative watts. A value that is impossible for
// its capacity is a failed read. Gauges have steps of 10 mWh or 1 mAh unless their values show finer ones. Options: refresh (s,
// default 1), the time between new values of the gauge; gain_pct, offset_A, gap_limit.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// From power_now (uW), else current_now (uA) x voltage_now (uV), else the counters energy_now (uWh) or charge_now (uAh) x
// voltage_now. Without a path: the only battery.
std::unique_ptr<Meter> open_power_supply(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_power_supply(const Roots& roots);

}  // namespace tbft::power
