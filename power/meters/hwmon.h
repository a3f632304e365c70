// hwmon://ina219?shunt_ohm=0.1 : a power sensor with a kernel driver, found by the name that the driver gives it.
//
// Options: path (the device, e.g. 1-0040, or its whole path) or index (from 0, by device path) where several have that name;
// label (VDD_IN) or channel (power1, curr2, or a number) where it has several rails; volts (in0 or a label), the voltage of a
// current where it is not known which that is; shunt_ohm, what really sits there;
// refresh (s), how often the device makes a new value where the driver does not say; scope (board, package, rail, battery);
// gain_pct, offset_A, gap_limit.
//
// A rail's own power is preferred to current times voltage: it is of one conversion. Volts and amperes are read beside it and
// only serve the budget of uncertainty. INA2xx: one step of power1 is 20 (INA226: 25) steps of the current.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws BadMeterUri (several candidates, or a shunt that the driver was never told: lists them with the fix) or
// MeterUnavailable.
std::unique_ptr<Meter> open_hwmon(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_hwmon(const Roots& roots);

}  // namespace tbft::power
