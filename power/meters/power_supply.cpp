#include "power/meters/power_supply.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "power/bus/sysfs_dir.h"
#include "power/meters/polled.h"

namespace tbft::power {
namespace {

constexpr double default_refresh_s = 1;
constexpr double J_of_uWh = 3.6e-3;
constexpr double C_of_uAh = 3.6e-3;

struct Battery {
  SysfsDir dir;
  std::string name;
};

// The machine's own batteries: a mouse or a keyboard has scope Device.
std::vector<Battery> batteries(const Roots& roots) {
  std::vector<Battery> list;
  const SysfsDir all(roots.sys / "class/power_supply");
  for (const std::string& name : all.names()) {
    SysfsDir dir = all.sub(name);
    if (dir.maybe_text("type") != "Battery" || dir.maybe_text("scope") == "Device") continue;
    if (dir.maybe_number("present").value_or(1) != 0) list.push_back({.dir = std::move(dir), .name = name});
  }
  return list;
}

Battery select(const MeterUri& uri, const Roots& roots) {
  auto all = batteries(roots);
  if (uri.path.empty() && all.size() == 1) return std::move(all.front());
  std::vector<std::string> names;
  for (Battery& battery : all) {
    if (battery.name == uri.path) return std::move(battery);
    names.push_back("power_supply://" + battery.name);
  }
  const std::string there = names.empty() ? "this machine has none" : fmt::format("there are {}", fmt::join(names, ", "));
  if (uri.path.empty() && !names.empty()) throw BadMeterUri("meter power_supply: which battery? " + there);
  throw MeterUnavailable(fmt::format("meter power_supply: no battery `{}`; {}", uri.path, there));
}

enum class Source { power, current, energy, charge };

std::optional<Source> source_of(const SysfsDir& dir) {
  const auto reads = [&](std::string_view name) { return dir.maybe_number(name).has_value(); };
  if (reads("power_now")) return Source::power;
  if (reads("current_now") && reads("voltage_now")) return Source::current;
  if (reads("energy_now")) return Source::energy;
  if (reads("charge_now") && reads("voltage_now")) return Source::charge;
  return std::nullopt;
}

std::string_view file_of(Source source) {
  switch (source) {
    case Source::power:
      return "power_now";
    case Source::current:
      return "current_now";
    case Source::energy:
      return "energy_now";
    case Source::charge:
      return "charge_now";
  }
  return "";
}

class PowerSupply final : public PolledMeter {
 public:
  PowerSupply(MeterInfo info, double refresh_s, const Battery& battery, Source source)
      : PolledMeter(std::move(info), refresh_s),
        source_(source),
        status_(battery.dir.open("status")),
        value_(battery.dir.open(file_of(source))) {
    if (battery.dir.maybe_number("voltage_now")) volts_.emplace(battery.dir.open("voltage_now"));
  }

  void start(TimeNs first_window) override {
    PolledMeter::start(first_window);
    count_.reset();
    spent_J_ = 0;
  }

 private:
  bool sample(TimeNs /*now*/, Reading& r) override {
    if (!status_.is("Discharging")) {
      count_.reset();  // what was charged meanwhile is not the machine's
      return false;
    }
    if (volts_) {
      const SysfsValue uV = volts_->number();
      if (!uV.ok()) return false;
      r.volts_V = static_cast<double>(uV.value) * 1e-6;
    }
    const SysfsValue value = value_.number();
    if (!value.ok()) return false;
    const double micro = static_cast<double>(value.value);
    switch (source_) {
      case Source::power:  // drivers disagree on the sign; the status tells the direction
        r.power_W = std::abs(micro) * 1e-6;
        return true;
      case Source::current:
        r.amps_A = std::abs(micro) * 1e-6;
        r.power_W = r.volts_V * r.amps_A;
        return true;
      case Source::energy:
      case Source::charge:
        break;
    }
    const double unit_J = source_ == Source::energy ? J_of_uWh : C_of_uAh * r.volts_V;
    if (count_) spent_J_ += static_cast<double>(*count_ - value.value) * unit_J;
    count_ = value.value;
    r.energy_J = spent_J_;
    r.volts_V = unknown;  // it moves while the counter stands still
    return true;
  }

  Source source_;
  SysfsAttribute status_;
  SysfsAttribute value_;
  std::optional<SysfsAttribute> volts_;
  std::optional<std::int64_t> count_;
  double spent_J_ = 0;
};

std::string not_discharging(const Battery& battery, std::string_view status) {
  return fmt::format("{} is {}: its power is not the machine's", battery.name, status.empty() ? "in an unknown state" : status);
}

}  // namespace

std::unique_ptr<Meter> open_power_supply(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow({"refresh", "gain_pct", "offset_A"});
  const double refresh_s = uri.number("refresh", 1e-3, 300).value_or(default_refresh_s);
  const Battery battery = select(uri, roots);
  try {
    const auto source = source_of(battery.dir);
    if (!source) {
      throw MeterUnavailable(
          fmt::format("meter power_supply: {} tells neither power_now, current_now with voltage_now, "
                      "energy_now nor charge_now",
                      battery.name));
    }
    if (const auto status = battery.dir.text("status"); status != "Discharging") {
      throw MeterUnavailable(fmt::format("meter power_supply: {}; unplug the charger", not_discharging(battery, status)));
    }
    MeterInfo info;
    info.uri = to_string(uri);
    info.description = fmt::format("battery {} by {}, a new value every {:g} s ({})", battery.name, file_of(*source), refresh_s,
                                   uri.text("refresh") ? "as told" : "assumed; refresh= says better");
    info.scope = Scope::battery;
    info.counter = *source == Source::energy || *source == Source::charge;
    info.nominal_period_s = std::max(refresh_s, interval_s);
    info.latency_s = refresh_s;
    info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
    if (*source == Source::power) info.accuracy.resolution_W = 1e-6;
    if (*source == Source::current) info.accuracy.resolution_A = info.accuracy.resolution_V = 1e-6;
    if (info.counter) info.accuracy.resolution_J = J_of_uWh;
    uri.apply_accuracy(info.accuracy);
    return std::make_unique<PowerSupply>(std::move(info), refresh_s, battery, *source);
  } catch (const SysfsError& error) {
    throw MeterUnavailable(fmt::format("meter power_supply: {}", error.what()));
  }
}

std::vector<FoundMeter> find_power_supply(const Roots& roots) {
  std::vector<FoundMeter> found;
  for (const Battery& battery : batteries(roots)) {
    FoundMeter meter{.uri = "power_supply://" + battery.name, .scope = Scope::battery, .state = MeterState::ready};
    try {
      meter.detail = open_power_supply(parse_meter_uri(meter.uri), 0, roots)->info().description;
    } catch (const MeterUnavailable& error) {
      meter.state = MeterState::unusable;
      meter.detail = error.what();
      if (const auto status = battery.dir.maybe_text("status"); status && *status != "Discharging") {
        meter.detail = not_discharging(battery, *status);
        meter.fix = "unplug the charger";
      }
    }
    found.push_back(std::move(meter));
  }
  return found;
}

}  // namespace tbft::power
