// Opens the meter for work that can also run without one. Joules are then an estimate and marked as such.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"
#include "tbft/power/registry.h"

namespace tbft {

// The length of an idle window in seconds: `requested_s`, or if that is negative 5 s for a measurement and 0 for an estimate or
// a replay.
double idle_seconds(double requested_s, const power::MeterInfo& meter);

// Opens a meter like power::open_meter(). If `auto` finds none, or several without a default, it opens estimate:// instead, and
// `warning` states the reason. Throws like power::open_meter(), except in that case. `open` is power::open_meter, or a fake in
// a test.
using OpenMeter = std::function<std::unique_ptr<power::Meter>(std::string_view uri, power::Seconds interval)>;
std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s, std::string& warning,
                                                     const OpenMeter& open = power::open_meter);

}  // namespace tbft
