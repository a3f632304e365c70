// The meter of work that goes on without one: joules are then an estimate, and marked so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"
#include "tbft/power/registry.h"

namespace tbft {

// The length of an idle window beside measured work, where the user says none.
inline constexpr double default_idle_s = 5;

// As power::open_meter(), but where `auto` finds none, or several of which none is to be guessed, it is estimate:// and
// `warning` says so and why. Throws as that does.
// `open`: power::open_meter, or a test's.
using OpenMeter = std::function<std::unique_ptr<power::Meter>(std::string_view uri, power::Seconds interval)>;
std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s, std::string& warning,
                                                     const OpenMeter& open = power::open_meter);

}  // namespace tbft
