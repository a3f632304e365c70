// power_supply://BAT0 : what a battery gives, as its driver says.
//
// Positive while it discharges. While it charges, or rests at a charger, its power is not the machine's: opening refuses then
// (MeterUnavailable), and a charger that is plugged in later makes gaps, never small or negative watts.
// What a battery of its capacity cannot give is a failed read. Gauges step by 10 mWh or 1 mAh unless what they show is finer.
// Options: refresh (s, 1), how often the gauge makes a new value; gain_pct, offset_A, gap_limit.
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
