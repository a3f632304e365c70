// Meters by URI: `name://path?key=value`. registry.cpp has the list; a new meter is one file and one line in that list.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

struct MeterKind {
  std::string_view name;     // scheme, e.g. "ina219"
  std::string_view summary;  // one line
  std::string_view example;  // a URI that works on a common board
};
// All kinds, in the order of the list.
std::span<const MeterKind> meter_kinds();

// Opens the meter of a URI, or for `auto` the best meter of this machine. `auto` never writes to an I2C address that no URI
// names. `interval`: time from one reading to the next, 100 us to 1 h; the meter keeps it as its interval(), and a converter
// averages over it. 0 selects the meter's default. Throws BadMeterUri (unknown name: lists the known ones; interval) or
// MeterUnavailable (the device, the problem and the fix).
std::unique_ptr<Meter> open_meter(std::string_view uri, Seconds interval = Seconds(0));

}  // namespace tbft::power
