// Formats an energy as lines of text: first the joules with their uncertainty, then the facts that they are based on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/measurement/measurement_session.h"
#include "tbft/power/energy.h"
#include "tbft/power/monitor.h"

namespace tbft {

// " +- 0.05 J (k=2)", " +- 0.01 J (k=2, random part only: ...)", or an empty text.
std::string plus_minus(double U_J, double U_random_J);
// Gross, net and idle (if known), duration, power, readings.
std::string energy_text(const power::Energy& gross, const power::NetEnergy& net);
// The same for one result. Several results get one line each, followed by means with intervals of those quantities that all
// results have.
std::string results_text(std::span<const WindowResult> all);
// The sampler's cost, and the meter.
std::string sampler_text(const power::Monitor& monitor);
// The same results by each of several meters, the first one first ([meter][result]): joules and meter of each, and the ratio of
// each further meter to the first where both measure the same scope.
std::string meters_text(std::span<const std::vector<WindowResult>> by_meter, const std::vector<power::Monitor*>& monitors);
// The sampler's problems, one line each: conversions without a reading, and readings that are missing in the trace of that
// name.
std::vector<std::string> sampler_warnings(const power::Monitor& monitor, const std::string& trace);

}  // namespace tbft
