// Meters by URI: `name://path?key=value`. registry.cpp has the list; a new meter is one file and one line in that list.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tbft/power/detect.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

struct MeterKind {
  std::string_view name;      // scheme, e.g. "ina219"
  std::string_view summary;   // one line
  std::string_view example;   // a URI that works on a common board
  bool runs_program = false;  // to open it is to run a program that the URI names
};
// All kinds, in the order of the list.
std::span<const MeterKind> meter_kinds();

// The options of that kind's URI, beside gap_limit_option, unless its default is another one; none for an unknown name.
std::span<const MeterOption> meter_options(std::string_view name);

// What a user must know of a kind to set it up.
struct MeterGuide {
  std::string_view name;                  // of the kind
  std::string_view path;                  // what stands behind name://
  std::string_view rate;                  // of new values
  std::string_view accuracy;              // limits without options of the URI
  std::string_view tested;                // with what this program was tested
  std::array<std::string_view, 2> setup;  // wiring, permissions, configuration; one step a line
};
// Throws BadMeterUri for a name that is no kind.
const MeterGuide& meter_guide(std::string_view name);

// Whether a URI may name a program to run (exec://). Only one that the user typed for this process may: a URI in a file, in the
// environment or from another machine may have been written by somebody else.
enum class Programs { refused, allowed };
// Whether opening this URI runs a program that it names. False for a text that is no URI, and for a sum, which refuses such a
// part.
bool runs_program(std::string_view uri);
// Throws BadMeterUri, with the remedy, for a URI that names a program where programs are refused. open_meter() calls it.
void require_permitted(std::string_view uri, Programs programs);

// Opens the meter of a URI, or for `auto` the best meter of this machine. `auto` never writes to an I2C address that no URI
// names. `interval`: time from one reading to the next, 100 us to 1 h; the meter keeps it as its interval(), and a converter
// averages over it. 0 selects the meter's default. Throws BadMeterUri (unknown name: lists the known ones; interval;
// a program that is not permitted) or MeterUnavailable (the device, the problem and the fix).
std::unique_ptr<Meter> open_meter(std::string_view uri, Seconds interval = Seconds(0), Programs programs = Programs::refused);

// The meters that a text names: hwmon://NAME?channel=all is one for each rail of that device whose power is known, with its
// other options. Any other text is returned as it is, without a check. Opens nothing. Throws BadMeterUri and MeterUnavailable
// for channel=all where there are no such rails.
std::vector<std::string> expand_meter(std::string_view uri, const Roots& roots = {});

}  // namespace tbft::power
