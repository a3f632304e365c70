// rapl://package-0 : the energy counters of x86 processors (powercap).
//
// The path is a zone's name: package-0, psys, package-0/dram; without one, or `package`, all packages together (never their
// subzones, which they contain; zones of dies that show the same counter add it once). Options: max_W (1000), more than one
// zone can draw: if a read is so late that the counter could have wrapped at this power, its interval is invalid; gain_pct,
// gap_limit.
#pragma once

#include <memory>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable: no such zone (lists them), no permission (with the fix).
std::unique_ptr<Meter> open_rapl(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_rapl(const Roots& roots);

}  // namespace tbft::power
