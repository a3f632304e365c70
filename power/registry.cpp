#include "power/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "power/meters/estimate.h"
#include "power/meters/ina219.h"
#include "power/meters/replay.h"
#include "power/uri.h"

namespace tbft::power {
namespace {

using Open = std::unique_ptr<Meter> (*)(const MeterUri& uri, double interval_s);
struct Entry {
  MeterKind kind;
  Open open;
};

// Every meter. A new one is a file in meters/ and a line here.
constexpr std::array entries{
    Entry{{"ina219", "INA219 power sensor on I2C", "ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1"}, open_ina219},
    Entry{{"replay", "a recorded trace played back (not a measurement)", "replay://trace.csv?speed=realtime"}, open_replay},
    Entry{{"estimate", "a guess from processor time (not a measurement)", "estimate://?idle_W=2.2&busy_W=5.4"},
          [](const MeterUri& uri, double interval_s) { return open_estimate(uri, interval_s); }},
};

constexpr auto kinds = [] {
  std::array<MeterKind, entries.size()> list{};
  for (std::size_t i = 0; i < entries.size(); ++i) list[i] = entries[i].kind;
  return list;
}();

}  // namespace

std::span<const MeterKind> meter_kinds() {
  return kinds;
}

std::unique_ptr<Meter> open_meter(std::string_view text, double interval_s) {
  if (interval_s != 0 && !(interval_s >= 1e-4 && interval_s <= 3600)) {
    throw BadMeterUri(fmt::format("sampling interval {} s: 100 us to 1 h is possible", interval_s));
  }
  if (text == "auto") {
    // An I2C address says nothing of what sits there, so a sensor on a bus is never looked for, only opened by its URI.
    throw MeterUnavailable(
        "no meter found: none that can be recognised safely is present. Name one, such as -m 'ina219:///dev/i2c-1?addr=0x40' "
        "or, as "
        "an estimate, -m estimate://");
  }
  const MeterUri uri = parse_meter_uri(text);
  for (const Entry& entry : entries) {
    if (entry.kind.name == uri.name) return entry.open(uri, interval_s);
  }
  std::vector<std::string_view> names{"auto"};
  for (const MeterKind& kind : kinds) names.push_back(kind.name);
  throw BadMeterUri(fmt::format("no meter is called `{}`; there are {}", uri.name, fmt::join(names, ", ")));
}

}  // namespace tbft::power
