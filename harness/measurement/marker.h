// GPIO markers for commands: power's GpioMarker, from the text a user gave.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/host/console.h"
#include "tbft/power/window.h"

namespace tbft {

// What MonitorOptions::on_mark wants; empty where `rules` is. A line that fails later is a warning on the console, which must
// outlive it. Throws UsageError for a text that is no marker, power::MeterUnavailable where a line cannot be had.
std::function<void(const power::Mark&)> open_marker(const std::string& rules, Console& console);

// Throws UsageError for a text that is no marker.
void check_marker(const std::string& rules);

}  // namespace tbft
