// The meter of work that goes on without one: joules are then an estimate, and marked so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"
#include "tbft/power/registry.h"

namespace tbft {

// The length of an idle window in seconds: `asked_s`, or where that is negative 5 s beside a measurement and none beside an
// estimate or a replay.
double idle_seconds(double asked_s, const power::MeterInfo& meter);

// As power::open_meter(), but where `auto` finds none, or several of which none is to be guessed, it is estimate:// and
// `warning` says so and why. Throws as that does.
// `open`: power::open_meter, or a test's.
using OpenMeter = std::function<std::unique_ptr<power::Meter>(std::string_view uri, power::Seconds interval)>;
std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s, std::string& warning,
                                                     const OpenMeter& open = power::open_meter);

}  // namespace tbft
