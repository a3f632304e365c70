// replay://FILE?speed=realtime|instant&segment=N : plays back a trace.csv. Never a measurement.
#pragma once

#include <memory>

#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable if the file cannot be read or has fewer than two readings.
std::unique_ptr<Meter> open_replay(const MeterUri& uri, double interval_s);

}  // namespace tbft::power
