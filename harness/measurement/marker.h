// GPIO markers for commands: makes power's GpioMarker from the user's text.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/host/console.h"
#include "tbft/power/window.h"

namespace tbft {

// Returns a callback for MonitorOptions::on_mark; empty if `rules` is empty. If a line fails later, a warning appears on
// `console`, which must outlive the callback. Throws UsageError for a text that is not a marker, power::MeterUnavailable if a
// line cannot be opened.
std::function<void(const power::Mark&)> open_marker(const std::string& rules, Console& console);

// Throws UsageError for a text that is not a marker.
void check_marker(const std::string& rules);

}  // namespace tbft
