// Meters by URI: `name://path?key=value`. One visible list in registry.cpp; a new meter is one file and one line there.
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
  std::string_view example;  // a URI that works on a usual board
};
// All kinds, in the order of the list.
std::span<const MeterKind> meter_kinds();

// Opens the meter of a URI, or the best one that is here for `auto`, which never writes to an I2C address that no URI names.
// `interval`: time from one reading to the next, 100 us to 1 h, which the meter keeps as its interval() and a converter
// averages over; 0 leaves the choice to the meter. Throws BadMeterUri (unknown name: lists the known ones; interval) or
// MeterUnavailable (what, where, how to mend).
std::unique_ptr<Meter> open_meter(std::string_view uri, Seconds interval = Seconds(0));

}  // namespace tbft::power
