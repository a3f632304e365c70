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
std::span<const MeterKind> meter_kinds();

// What the requested sampling interval is; 0 leaves the choice to the meter. `auto` never writes to an I2C address that no
// URI names. Throws BadMeterUri (unknown name: lists the known ones) or MeterUnavailable (what, where, how to mend).
std::unique_ptr<Meter> open_meter(std::string_view uri, double interval_s = 0);

}  // namespace tbft::power
