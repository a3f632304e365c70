// hwmon://ina219?shunt_ohm=0.1 : a power sensor with a kernel driver, found by the driver's name for it.
//
// Options: path (the device, e.g. 1-0040, or its whole path) or index (from 0, by device path) if several have that name; label
// (VDD_IN) or channel (power1, curr2, or a number) if it has several rails; volts (in0 or a label), the voltage that belongs to
// a current, if that is unknown; shunt_ohm, the true shunt; refresh (s), the time between new values, if the driver does not
// state it; scope (board, package, rail, battery); gain_pct, offset_A, gap_limit.
//
// A rail's power value is preferred to current times voltage, because it comes from one conversion. Volts and amperes are then
// read only for the uncertainty budget. INA2xx: one step of power1 is 20 (INA226: 25) steps of the current.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws BadMeterUri (several candidates, or a shunt that was never configured in the driver: lists them with the fix) or
// MeterUnavailable.
std::unique_ptr<Meter> open_hwmon(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_hwmon(const Roots& roots);

}  // namespace tbft::power
