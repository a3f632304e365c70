#include "power/meters/hwmon_chips.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "power/protocol/ina219_registers.h"
#include "power/protocol/word_chip.h"

namespace tbft::power {
namespace {

// Drivers of chips with an external shunt: the default value, and how the true value is configured.
struct ShuntDriver {
  std::string_view name;
  double default_ohm;
  std::string_view file;      // an attribute, with {} for the channel's number; empty: none
  std::string_view property;  // a property of the device tree; empty: none
};
constexpr ShuntDriver set_by_file(std::string_view name) {  // ina2xx
  return {name, 0.01, "shunt_resistor", "shunt-resistor"};
}
constexpr ShuntDriver set_by_tree(std::string_view name, double default_ohm, std::string_view property) {
  return {name, default_ohm, "", property};
}
constexpr std::string_view micro_ohms = "shunt-resistor-micro-ohms";
constexpr std::array shunt_drivers{
    set_by_file("ina219"),
    set_by_file("ina220"),
    set_by_file("ina226"),
    set_by_file("ina230"),
    set_by_file("ina231"),
    set_by_file("ina234"),
    set_by_file("sy24655"),
    set_by_file("ina2xx"),
    ShuntDriver{"ina3221", 0.01, "shunt{}_resistor", ""},
    set_by_tree("ina209", 0.01, "shunt-resistor"),
    set_by_tree("ina228", 0.01, "shunt-resistor"),  // these four have the driver ina238
    set_by_tree("ina237", 0.01, "shunt-resistor"),
    set_by_tree("ina238", 0.01, "shunt-resistor"),
    set_by_tree("sq52206", 0.01, "shunt-resistor"),
    set_by_tree("isl28022", 0.01, micro_ohms),
    set_by_tree("ltc2945", 1e-3, micro_ohms),
    set_by_tree("ltc4151", 1e-3, micro_ohms),
    set_by_tree("ltc4260", 1e-3, ""),
    set_by_tree("ltc4261", 1e-3, ""),
};
const ShuntDriver* shunt_driver_of(std::string_view name) {
  const auto* const found = std::ranges::find(shunt_drivers, name, &ShuntDriver::name);
  return found == shunt_drivers.end() ? nullptr : &*found;
}

constexpr HwmonChip like_ina226(std::string_view name) {  // for the driver
  return {name, 0.08192, 40.96, ina226.current_lsb, ina226.bus_lsb_V, 25, true};
}
constexpr HwmonChip like_ina238(std::string_view name) {
  return {name, 0.16384, 102.4, 5e-6, 3.125e-3, 20};
}
constexpr std::array chips{
    HwmonChip{"ina219", 0.32, 32, 10e-6, 4e-3, 20, true, 1.064e-3, ina219::current_gain_limit, ina219::bus_gain_limit,
              ina219::gains[3].offset_limit_V, 0},
    HwmonChip{"ina226", 0.08192, 40.96, ina226.current_lsb, ina226.bus_lsb_V, 25, true, 0, ina226.limits.current_gain,
              ina226.limits.bus_gain, ina226.limits.current_offset, ina226.limits.bus_offset_V},
    HwmonChip{"ina220", 0.32, 32, 10e-6, 4e-3, 20, true, 1.064e-3},
    like_ina226("ina230"),
    like_ina226("ina231"),
    like_ina238("ina237"),
    like_ina238("ina238"),
    HwmonChip{"ina228", 0.16384, 102.4, 312.5e-9, 195.3125e-6, 20},
    HwmonChip{"ina234", 0.08192, 40.96},
    HwmonChip{"ina3221", 0.1638, 32.76, ina3221.current_lsb, ina3221.bus_lsb_V},
};

}  // namespace

bool is_wired_by_user(std::string_view driver) {
  return driver == "ina260" || (shunt_driver_of(driver) != nullptr && driver != "ina3221" && !driver.starts_with("ltc"));
}

AssumedShunt assumed_shunt(const HwmonDevice& device, const HwmonChannel& channel) {
  const ShuntDriver* driver = shunt_driver_of(device.name);
  AssumedShunt s;
  s.file = driver == nullptr ? "shunt_resistor" : fmt::format(fmt::runtime(driver->file), channel.number);
  std::optional<long> shown;
  if (!s.file.empty()) shown = device.dir.maybe_number(s.file);
  const bool has_tree = driver != nullptr && !driver->property.empty();
  const auto described = has_tree ? device.dir.maybe_cell(fmt::format("device/of_node/{}", driver->property)) : std::nullopt;
  s.configured = described && *described > 0;
  if (shown && *shown > 0) {
    s.ohm = static_cast<double>(*shown) * 1e-6;
    const double by_default = driver == nullptr ? 0.01 : driver->default_ohm;
    // A label comes from the device tree, so the shunt is configured there as well.
    s.configured = s.configured || std::abs(s.ohm - by_default) >= 1e-9 || (device.name == "ina3221" && !channel.label.empty());
  } else if (driver != nullptr && driver->file.empty()) {
    s.ohm = s.configured ? *described * 1e-6 : driver->default_ohm;
  }
  return s;
}

const HwmonChip* hwmon_chip(std::string_view driver) {
  const auto* const found = std::ranges::find(chips, driver, &HwmonChip::name);
  return found == chips.end() ? nullptr : &*found;
}

HwmonLimits hwmon_limits(std::string_view driver) {
  HwmonLimits limits;
  if (const HwmonChip* chip = hwmon_chip(driver)) limits.volts_V = hwmon_over_range * chip->bus_range_V;
  if (driver == "ina260") limits = {.volts_V = hwmon_over_range * 40.96, .amps_A = hwmon_over_range * 40.96};
  if (driver == "powerz") limits = {.volts_V = 60, .amps_A = 10};
  if (driver == "amdgpu" || driver == "i915" || driver == "xe" || driver == "nouveau") limits.power_W = 3000;
  limits.power_W = std::min(limits.power_W, limits.volts_V * limits.amps_A);
  return limits;
}

}  // namespace tbft::power
