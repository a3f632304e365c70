// replay://FILE?speed=realtime|instant&segment=N : a trace.csv played back. Never a measurement.
#pragma once

#include <memory>

#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Throws MeterUnavailable where the file cannot be read or holds fewer than two readings.
std::unique_ptr<Meter> open_replay(const MeterUri& uri, double interval_s);

}  // namespace tbft::power
