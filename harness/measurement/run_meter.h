// What a run opens before it begins: the meter, for work that can also run without one (joules are then an estimate and marked
// as such), and GPIO markers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/host/console.h"
#include "tbft/power/meter.h"
#include "tbft/power/registry.h"
#include "tbft/power/window.h"

namespace tbft {

// The length of an idle window in seconds: `requested_s`, or if that is negative 5 s for a measurement and 0 for an estimate or
// a replay.
double idle_seconds(double requested_s, const power::MeterInfo& meter);

// What a command does if `auto` finds no meter, or several equally good ones. Joules alone are worth nothing without a meter;
// accuracies, times and comparisons of strategies are.
enum class WithoutMeter { fails, estimates };

// A meter's URI, and whether the user typed it for this command. Only then may it name a program (power::Programs).
struct MeterChoice {
  std::string uri = "auto";
  power::Programs programs = power::Programs::refused;
  std::vector<std::string> further = {};  // meters that measure beside it
};

// Opens the meter that the user named. `auto` means the same in every command: the meter of the widest scope (board, package,
// battery, rail) that works without further options, never one of several equally good ones, never an estimate. If there is
// none, this throws power::MeterUnavailable (exit code 3), or with WithoutMeter::estimates opens estimate:// and says so in
// `warning`. `warning` also says what the URI leaves open although every joule depends on it (MeterInfo::assumption); it is
// empty if there is nothing to say. Throws like power::open_meter(). `open` is power::open_meter, or a fake in a test.
using OpenMeter =
    std::function<std::unique_ptr<power::Meter>(std::string_view uri, power::Seconds interval, power::Programs programs)>;
std::unique_ptr<power::Meter> open_named_meter(const MeterChoice& choice, double interval_s, WithoutMeter without,
                                               std::string& warning, const OpenMeter& open = power::open_meter);
// Opens that meter and all of `choice.further`, in their order; a URI that names all rails of a device opens each of them
// (power::expand_meter). A further meter that cannot be opened is an error, because
// the user named it. Throws UsageError where a further one is `auto`, or is a meter that was already named. `warnings` has what
// `warning` says, and the same of each further meter.
std::vector<std::unique_ptr<power::Meter>> open_named_meters(const MeterChoice& choice, double interval_s, WithoutMeter without,
                                                             std::vector<std::string>& warnings,
                                                             const OpenMeter& open = power::open_meter,
                                                             const power::Roots& roots = {});

// Makes power's GpioMarker from the user's text. Returns a callback for MonitorOptions::on_mark; empty if `rules` is empty. If
// a line fails later, a warning appears on `console`, which must outlive the callback. Throws UsageError for a text that is not
// a marker, power::MeterUnavailable if a line cannot be opened.
std::function<void(const power::Mark&)> open_marker(const std::string& rules, Console& console);

// Throws UsageError for a text that is not a marker.
void check_marker(const std::string& rules);

}  // namespace tbft
