#include "tbft/power/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "power/meters/hwmon_channels.h"
#include "power/meters/list.h"
#include "tbft/power/detect.h"
#include "tbft/power/uri.h"

namespace tbft::power {
namespace {

using Open = std::unique_ptr<Meter> (*)(const MeterUri& uri, double interval_s);
using Find = std::vector<FoundMeter> (*)(const Roots& roots);
using Options = std::span<const MeterOption> (*)();
struct Entry {
  MeterKind kind;
  Options options;
  Open open;
  Find find = nullptr;  // null: it cannot be recognised without accessing a device, so only a URI opens it
};

// Opens a meter on this machine's /sys and /dev.
template <auto open>
std::unique_ptr<Meter> here(const MeterUri& uri, double interval_s) {
  return open(uri, interval_s, Roots{});
}

// The list of all meters. A new one is a file in meters/ and a line here.
constexpr std::array entries{
    Entry{{"ina219", "INA219 power sensor on I2C", "ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1"}, ina219_options, open_ina219},
    Entry{{"ina226", "INA226 power sensor on I2C", "ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1"},
          [] { return word_converter_options("ina226"); },
          open_word_converter},
    Entry{{"ina228", "INA228 energy counter on I2C", "ina228:///dev/i2c-1?addr=0x40&shunt_ohm=0.015"},
          ina228_options,
          open_ina228},
    Entry{{"ina260", "INA260 power sensor on I2C, shunt inside", "ina260:///dev/i2c-1?addr=0x40"},
          [] { return word_converter_options("ina260"); },
          open_word_converter},
    Entry{{"ina3221", "one channel of an INA3221 on I2C", "ina3221:///dev/i2c-1?addr=0x40&channel=1&shunt_ohm=0.1"},
          [] { return word_converter_options("ina3221"); },
          open_word_converter},
    Entry{{"hwmon", "a power sensor with a kernel driver", "hwmon://ina219?shunt_ohm=0.1"},
          hwmon_options,
          here<open_hwmon>,
          find_hwmon},
    Entry{{"rapl", "energy counters of an x86 processor", "rapl://package-0"}, rapl_options, here<open_rapl>, find_rapl},
    Entry{{"nvml", "energy counter of an NVIDIA GPU", "nvml://0"}, nvml_options, here<open_nvml>, find_nvml},
    Entry{
        {"power_supply", "a battery", "power_supply://BAT0"}, power_supply_options, here<open_power_supply>, find_power_supply},
    Entry{{"pmic", "rails of a Raspberry Pi 5 (not board power)", "pmic://"}, pmic_options, here<open_pmic>, find_pmic},
    Entry{{"um24c", "RD UM24C USB meter, serial or Bluetooth", "um24c:///dev/rfcomm0"}, rd_um_options, open_rd_um},
    Entry{{"um25c", "RD UM25C USB meter, serial or Bluetooth", "um25c:///dev/rfcomm0"}, rd_um_options, open_rd_um},
    Entry{{"um34c", "RD UM34C USB meter, serial or Bluetooth", "um34c:///dev/rfcomm0"}, rd_um_options, open_rd_um},
    Entry{{"tc66", "RDTech TC66 or TC66C USB meter", "tc66:///dev/ttyACM0"}, tc66_options, open_tc66},
    Entry{{"atorch", "Atorch USB meter, serial or Bluetooth", "atorch:///dev/rfcomm0"}, atorch_options, open_atorch},
    Entry{
        {"exec", "any program that prints a number a line", "exec://joulescope-watts?unit=W", true}, lines_options, open_exec},
    Entry{{"lines", "a pipe or a file that gets a number a line", "lines:///tmp/watts?unit=W"}, lines_options, open_lines},
    Entry{{"remote", "a meter on another machine, served by tbft serve-meter", "remote://192.0.2.7:7007?key_file=meter.key"},
          remote_options,
          open_remote},
    Entry{{"sum", "several rails added up", "sum://?cpu=rapl://package-0&ram=rapl://package-0/dram"}, sum_options, open_sum},
    Entry{{"replay", "a recorded trace played back (not a measurement)", "replay://trace.csv?speed=realtime"},
          replay_options,
          open_replay},
    Entry{{"estimate", "a guess from processor time (not a measurement)", "estimate://?idle_W=2.2&busy_W=5.4"},
          estimate_options,
          [](const MeterUri& uri, double interval_s) { return open_estimate(uri, interval_s); }},
};

constexpr auto kinds = [] {
  std::array<MeterKind, entries.size()> list{};
  for (std::size_t i = 0; i < entries.size(); ++i) list[i] = entries[i].kind;
  return list;
}();

// An I2C address does not identify a device, so sensors without a driver are not searched for, only opened by URI.
std::unique_ptr<Meter> open_auto(Seconds interval) {
  auto found = find_meters();
  while (const FoundMeter* best = best_meter(found)) {
    try {
      return open_meter(best->uri, interval);
    } catch (const MeterUnavailable& error) {  // it was removed, or another program uses it
      FoundMeter& lost = found[static_cast<std::size_t>(best - found.data())];
      lost.state = MeterState::unusable;
      lost.detail = error.what();
    }
  }
  throw MeterUnavailable(no_meter_found(found));
}

}  // namespace

std::vector<FoundMeter> find_meters(const Roots& roots) {
  std::vector<FoundMeter> all = find_i2c_devices(roots);  // for kinds without `find`
  for (const Entry& entry : entries) {
    if (entry.find == nullptr) continue;
    for (FoundMeter& meter : entry.find(roots)) all.push_back(std::move(meter));
  }
  return all;
}

std::span<const MeterKind> meter_kinds() {
  return kinds;
}

std::span<const MeterOption> meter_options(std::string_view name) {
  for (const Entry& entry : entries) {
    if (entry.kind.name == name) return entry.options();
  }
  return {};
}

bool runs_program(std::string_view uri) {
  return std::ranges::any_of(kinds, [&](const MeterKind& kind) {
    return kind.runs_program && uri.starts_with(kind.name) && uri.substr(kind.name.size()).starts_with("://");
  });
}

void require_permitted(std::string_view uri, Programs programs) {
  if (programs == Programs::allowed || !runs_program(uri)) return;
  throw BadMeterUri(
      fmt::format("meter {}: it runs a program, so only `-m '{}://COMMAND?unit=W'` on the command line may name it, never a "
                  "file, a setting, "
                  "the environment or another machine",
                  uri.substr(0, uri.find(':')), uri.substr(0, uri.find(':'))));
}

std::unique_ptr<Meter> open_meter(std::string_view text, Seconds interval, Programs programs) {
  const double interval_s = interval.count();
  if (interval_s != 0 && !(interval_s >= 1e-4 && interval_s <= 3600))
    throw BadMeterUri(fmt::format("sampling interval {} s: 100 us to 1 h is possible", interval_s));
  if (text == "auto") return open_auto(interval);
  const MeterUri uri = parse_meter_uri(text);
  require_permitted(text, programs);
  for (const Entry& entry : entries) {
    if (entry.kind.name != uri.name) continue;
    auto meter = entry.open(uri, interval_s);
    meter->set_interval(interval);
    return meter;
  }
  std::vector<std::string_view> names{"auto"};
  for (const MeterKind& kind : kinds) names.push_back(kind.name);
  throw BadMeterUri(fmt::format("no meter is called `{}`; there are {}", uri.name, fmt::join(names, ", ")));
}

std::vector<std::string> expand_meter(std::string_view text, const Roots& roots) {
  if (!text.starts_with("hwmon://")) return {std::string(text)};
  const MeterUri uri = parse_meter_uri(text);
  if (uri.text("channel") != hwmon_all_rails) return {std::string(text)};
  return hwmon_rail_uris(uri, hwmon_devices(roots.sys));
}

}  // namespace tbft::power
