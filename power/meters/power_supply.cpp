// power_supply://BAT0 : the power of a battery, as reported by its driver.
//
// Positive while it discharges. While it charges, or is full at a charger, its power is not the machine's: opening then throws
// MeterUnavailable, and plugging in a charger later causes gaps, never small or negative watts. A value that is impossible for
// its capacity is a failed read. Gauges have steps of 10 mWh or 1 mAh unless their values show finer ones.
//
// The watts come from power_now (uW), else current_now (uA) x voltage_now (uV), else the counters energy_now (uWh) or
// charge_now (uAh) x voltage_now. Without a path: the only battery.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "power/meters/list.h"
#include "power/meters/polled.h"
#include "power/protocol/counters.h"
#include "tbft/power/sysfs_dir.h"

namespace tbft::power {
namespace {

constexpr MeterOption refresh_option{
    .name = "refresh", .meaning = "time between new values of the gauge", .unit = "s", .low = 1e-3, .high = 300, .fallback = 1};
constexpr MeterOption options[] = {refresh_option, gain_pct_option, offset_A_option};
constexpr double J_of_uWh = 3.6e-3;
constexpr double C_of_uAh = 3.6e-3;
// The usual steps of gauges, which are coarser than the unit of the files.
constexpr std::int64_t usual_step_uWh = 10'000;
constexpr std::int64_t usual_step_uAh = 1'000;

struct Battery {
  SysfsDir dir;
  std::string name;
};

// The machine's own batteries, without those of a mouse or keyboard, whose scope is Device.
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
  constexpr std::array<std::string_view, 4> names{"power_now", "current_now", "energy_now", "charge_now"};
  return names.at(static_cast<std::size_t>(source));
}

// Limits that no battery of this machine exceeds.
struct Limits {
  double volts_V = 100;
  double amps_A = 100;
  double power_W = 2000;
};
Limits limits_of(const SysfsDir& dir) {
  const auto first_of = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (const auto value = dir.maybe_number(name); value && *value > 0) return static_cast<double>(*value) * 1e-6;
    }
    return 0.0;
  };
  double capacity_Wh = first_of({"energy_full_design", "energy_full"});
  if (capacity_Wh == 0)
    capacity_Wh = first_of({"charge_full_design", "charge_full"}) * first_of({"voltage_min_design", "voltage_now"});
  Limits limits;
  constexpr double fastest_per_h = 10;  // ten times its capacity an hour: empty within six minutes
  if (capacity_Wh > 0) limits.power_W = std::clamp(fastest_per_h * capacity_Wh, 50.0, limits.power_W);
  return limits;
}

// The step of a gauge; its present value may show that it is finer than the usual one.
std::int64_t step_of(const SysfsDir& dir, std::string_view file, std::int64_t usual) {
  return std::gcd(dir.maybe_number(file).value_or(0), usual);
}

Accuracy accuracy_of(const SysfsDir& dir, Source source) {
  Accuracy a;
  const auto micro = [&](std::string_view file) { return static_cast<double>(step_of(dir, file, 1000)) * 1e-6; };
  if (source == Source::power) {
    a.resolution_W = micro("power_now");
  } else if (source == Source::current) {
    a.resolution_A = micro("current_now");
    a.resolution_V = micro("voltage_now");
  } else if (source == Source::energy) {
    a.resolution_J = static_cast<double>(step_of(dir, "energy_now", usual_step_uWh)) * J_of_uWh;
  } else {
    const std::int64_t step_uAh = step_of(dir, "charge_now", usual_step_uAh);
    a.resolution_J = static_cast<double>(step_uAh) * C_of_uAh * static_cast<double>(dir.number("voltage_now")) * 1e-6;
    if (step_uAh == usual_step_uAh) a.resolution_J = std::max(a.resolution_J, usual_step_uWh * J_of_uWh);
  }
  return a;
}

class PowerSupply final : public PolledMeter {
 public:
  PowerSupply(MeterInfo info, double refresh_s, const Battery& battery, Source source)
      : PolledMeter(std::move(info), refresh_s),
        source_(source),
        refresh_s_(refresh_s),
        limits_(limits_of(battery.dir)),
        count_(new_count()),
        status_(battery.dir.open("status")),
        value_(battery.dir.open(file_of(source))) {
    if (battery.dir.maybe_number("voltage_now")) volts_.emplace(battery.dir.open("voltage_now"));
  }

  void start(TimeNs first_window) override {
    PolledMeter::start(first_window);
    count_ = new_count();
    counted_.reset();
    lost_ = false;
    spent_J_ = 0;
  }

  // Throws MeterUnavailable for values that are impossible for such a battery.
  void require_plausible(const std::string& name) {
    Reading r;
    double left = 0;
    if (!read(r, left) || is_plausible(r, left)) return;
    const auto raw = value_.number().value;
    throw MeterUnavailable(fmt::format(
        "meter power_supply: {}: {} is {} millionths{}, which this battery cannot give: a fault of its gauge or driver", name,
        file_of(source_), raw,
        raw > 0x7fffffff && raw <= 0xffffffff ? fmt::format(" (perhaps {}, stored as unsigned)", raw - 0x100000000) : ""));
  }

 private:
  // A guard for the counter in uWh or uAh.
  CounterGuard new_count() const {
    const bool charge = source_ == Source::charge;
    const double most = charge ? limits_.amps_A / C_of_uAh : limits_.power_W / J_of_uWh;
    return {most, most * refresh_s_ + static_cast<double>(charge ? usual_step_uAh : usual_step_uWh)};
  }

  bool sample(TimeNs now, Reading& r) override {
    if (!status_.is("Discharging")) {
      // Charging changes the count by more than the machine's consumption, so what was spent since the last reading is lost.
      count_ = new_count();
      lost_ = lost_ || counted_.has_value();
      counted_.reset();
      return false;
    }
    double left = 0;
    if (!read(r, left) || !is_plausible(r, left)) return false;
    if (!info_.counter) return true;
    // The remaining energy decreases, so its negative counts the energy used.
    const auto counted = count_.next(now, -left);
    if (!counted) return false;
    const double unit_J = source_ == Source::energy ? J_of_uWh : C_of_uAh * r.volts_V;
    if (counted_) spent_J_ += (counted->energy_J - *counted_) * unit_J;
    counted_ = counted->energy_J;
    if (std::exchange(lost_, false) || counted->began_anew) r.flags |= reinitialised;
    r.energy_J = spent_J_;
    r.volts_V = unknown;  // it changes while the counter does not
    return true;
  }

  // `left`: the remaining count in the unit of the counter's file.
  bool read(Reading& r, double& left) {
    if (volts_) {
      const SysfsValue uV = volts_->number();
      if (!uV.ok()) return false;
      r.volts_V = static_cast<double>(uV.value) * 1e-6;
    }
    const SysfsValue value = value_.number();
    if (!value.ok()) return false;
    const double micro = static_cast<double>(value.value);
    if (source_ == Source::power) {  // drivers disagree on the sign; the status gives the direction
      r.power_W = std::abs(micro) * 1e-6;
    } else if (source_ == Source::current) {
      r.amps_A = std::abs(micro) * 1e-6;
      r.power_W = r.volts_V * r.amps_A;
    } else {
      left = micro;
    }
    return true;
  }

  bool is_plausible(const Reading& r, double left) const {
    return !(r.volts_V > limits_.volts_V || r.volts_V < 0 || r.amps_A > limits_.amps_A || r.power_W > limits_.power_W ||
             left < 0);
  }

  Source source_;
  double refresh_s_;
  Limits limits_;
  CounterGuard count_;
  SysfsAttribute status_;
  SysfsAttribute value_;
  std::optional<SysfsAttribute> volts_;
  std::optional<double> counted_;  // count_'s value at the last reading
  bool lost_ = false;              // energy before the next reading
  double spent_J_ = 0;
};

std::string not_discharging(const Battery& battery, std::string_view status) {
  return fmt::format("{} is {}: its power is not the machine's", battery.name, status.empty() ? "in an unknown state" : status);
}

}  // namespace

std::span<const MeterOption> power_supply_options() {
  return options;
}

std::unique_ptr<Meter> open_power_supply(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow(options);
  const double refresh_s = uri.number_or_fallback(refresh_option);
  const Battery battery = select(uri, roots);
  try {
    const auto source = source_of(battery.dir);
    if (!source) {
      throw MeterUnavailable(
          fmt::format("meter power_supply: {} has neither power_now, current_now with voltage_now, "
                      "energy_now nor charge_now",
                      battery.name));
    }
    if (const auto status = battery.dir.text("status"); status != "Discharging") {
      throw MeterUnavailable(fmt::format("meter power_supply: {}; unplug the charger", not_discharging(battery, status)));
    }
    MeterInfo info;
    info.uri = to_string(uri);
    info.description = fmt::format("battery {} by {}, a new value every {:g} s ({})", battery.name, file_of(*source), refresh_s,
                                   uri.text(refresh_option.name) ? "as stated" : "assumed; set refresh= if it is known");
    info.scope = Scope::battery;
    info.counter = *source == Source::energy || *source == Source::charge;
    info.nominal_period_s = std::max(refresh_s, interval_s);
    info.latency_s = refresh_s;
    info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
    info.accuracy = accuracy_of(battery.dir, *source);
    uri.apply_accuracy(info.accuracy);
    auto meter = std::make_unique<PowerSupply>(std::move(info), refresh_s, battery, *source);
    meter->require_plausible(battery.name);
    return meter;
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
