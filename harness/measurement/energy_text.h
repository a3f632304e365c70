// An energy as lines of text for people: joules with their uncertainty first, then what they rest on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/measurement/measurement_session.h"
#include "tbft/power/energy.h"
#include "tbft/power/monitor.h"

namespace tbft {

// " +- 0.05 J (k=2)", " +- 0.01 J (k=2, random part only: ...)" or nothing.
std::string plus_minus(double U_J, double U_random_J);
// gross, net and idle (where known), duration, power, readings.
std::string energy_text(const power::Energy& gross, const power::NetEnergy& net);
// The same of one result; of several a line each, and the means with their intervals where all have a value.
std::string results_text(std::span<const WindowResult> all);
// What the sampler cost, and the meter.
std::string sampler_text(const power::Monitor& monitor);
// What the sampler could not do, a line each: conversions without a reading, readings that are missing in the trace of that
// name.
std::vector<std::string> sampler_warnings(const power::Monitor& monitor, const std::string& trace);

}  // namespace tbft
