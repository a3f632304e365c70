// hwmon://ina219?shunt_ohm=0.1 : a power sensor with a kernel driver, found by the driver's name for it.
//
// A rail's power value is preferred to current times voltage, because it comes from one conversion. Volts and amperes are then
// read only for the uncertainty budget. INA2xx: one step of power1 is 20 (INA226: 25) steps of the current.
//
// open_hwmon throws BadMeterUri (several candidates, or a shunt that was never configured in the driver: lists them with the
// fix) or MeterUnavailable.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "power/meters/hwmon_channels.h"
#include "power/meters/hwmon_chips.h"
#include "power/meters/list.h"
#include "power/meters/polled.h"
#include "power/protocol/counters.h"
#include "power/protocol/word_chip.h"

namespace tbft::power {
namespace {

constexpr double shunt_tolerance = 0.01;  // breakout boards
constexpr double unknown_refresh_s = 0.1;
constexpr double ina260_power_lsb_W = 10e-3;  // SBOS656, the power register

constexpr MeterOption shunt_option{.name = "shunt_ohm",
                                   .meaning = "the shunt that is fitted; corrects the driver's",
                                   .unit = "ohm",
                                   .low = 1e-6,
                                   .high = 100,
                                   .otherwise = "as configured in the driver; required where that is its default"};
constexpr MeterOption refresh_option{.name = "refresh",
                                     .meaning = "time between new values",
                                     .unit = "s",
                                     .low = 1e-4,
                                     .high = 60,
                                     .otherwise = "the driver's, or 0.1"};
constexpr MeterOption options[] = {
    {.name = "path",
     .meaning = "the device, if several have that name",
     .values = "e.g. 1-0040, or its whole path",
     .otherwise = "the only one"},
    hwmon_index_option,
    {.name = "label", .meaning = "the rail by its label", .values = "e.g. VDD_IN", .otherwise = "the only rail"},
    {.name = "channel",
     .meaning = "the rail by its number; all: one meter for each rail (measure, run, watch)",
     .values = "e.g. power1, curr2, 3, all",
     .otherwise = "the only rail"},
    {.name = "volts",
     .meaning = "the voltage that belongs to a current",
     .values = "e.g. in0, or a label",
     .otherwise = "by the driver's table or labels"},
    shunt_option,
    refresh_option,
    {.name = "scope",
     .meaning = "what the rail supplies",
     .values = "board, package, rail, battery",
     .otherwise = "by name and label"},
    gain_pct_option,
    offset_A_option,
};

struct Plan {
  MeterInfo info;
  HwmonChannel channel;
  double refresh_s = 0;
  double scale = 1;               // of current, power and energy: the driver's shunt value / the true shunt
  double full_scale_A = unknown;  // true current at the limit of the shunt ADC's range
  HwmonLimits limits;
};

// `siblings`: all devices of the machine. If several could measure the board's supply, it is unknown which one does.
Scope scope_of(const MeterUri& uri, const HwmonDevice& device, const HwmonChannel& channel,
               const std::vector<HwmonDevice>& siblings) {
  if (const auto text = uri.text("scope")) {
    for (const Scope scope : {Scope::board, Scope::package, Scope::rail, Scope::battery}) {
      if (to_string(scope) == *text) return scope;
    }
    throw BadMeterUri(fmt::format("meter hwmon: scope={}: board, package, rail and battery are known", *text));
  }
  if (is_hwmon_input(channel.label)) return Scope::board;
  const auto alike = std::ranges::count_if(siblings, [&](const HwmonDevice& other) {
    return other.name == device.name || (is_wired_by_user(device.name) && is_wired_by_user(other.name));
  });
  // power_meter is ACPI's meter for the whole machine.
  if (is_wired_by_user(device.name) || device.name == "power_meter") return alike > 1 ? Scope::rail : Scope::board;
  return device.name == "amdgpu" || device.name == "i915" || device.name == "xe" ? Scope::package : Scope::rail;
}

// Sets what depends on the shunt: scale, limits and description.
std::string plan_shunt(Plan& plan, const MeterUri& uri, const HwmonDevice& device) {
  const auto stated = uri.number(shunt_option);
  const AssumedShunt assumed = assumed_shunt(device, plan.channel);
  if (assumed.ohm == 0) {
    if (device.name == ina260.scheme) {
      plan.info.accuracy.resolution_A = ina260.current_lsb;
      plan.info.accuracy.resolution_V = ina260.bus_lsb_V;
      plan.info.accuracy.resolution_W = ina260_power_lsb_W;
    }
    if (stated)
      throw BadMeterUri(fmt::format("meter hwmon: {} has no {} that shunt_ohm could correct", uri.path, assumed.file));
    return "";
  }
  if (!stated && !assumed.configured) {
    const std::string tell = assumed.file.empty() ? "describe it in the device tree"
                                                  : fmt::format("configure the driver: echo 100000 | sudo tee {}",
                                                                (device.dir.path() / assumed.file).string());
    throw BadMeterUri(fmt::format(
        "meter hwmon: {}: the driver assumes its default shunt of {:.0f} uohm, because none was configured; a 0.1 ohm "
        "breakout board (R100) would read {} times high. State it: hwmon://{}?shunt_ohm=0.1 (or {:g} if that is correct), or "
        "{}",
        uri.path, assumed.ohm * 1e6, assumed.ohm == 0.01 ? "ten" : fmt::format("{:.3g}", 0.1 / assumed.ohm), uri.path,
        assumed.ohm, tell));
  }
  const double truth = stated.value_or(assumed.ohm);
  plan.scale = assumed.ohm / truth;
  if (const HwmonChip* chip = hwmon_chip(device.name)) {
    plan.full_scale_A = chip->full_scale_V / truth;
    plan.limits.amps_A = 2 * plan.full_scale_A;  // values slightly over the range are saturated, not impossible
    plan.limits.power_W = plan.limits.amps_A * plan.limits.volts_V;
    if (chip->shunt_lsb_V > 0) {
      Accuracy& a = plan.info.accuracy;
      if (chip->gain_limit_A > 0) {
        a.gain_limit_rel = std::hypot(chip->gain_limit_A, chip->gain_limit_V, shunt_tolerance);
        a.offset_limit_A = chip->offset_limit_V / truth;
        a.offset_limit_V = chip->bus_offset_limit_V;
      }
      a.resolution_A = std::max(1e-3 * plan.scale, chip->shunt_lsb_V / truth);
      a.resolution_V = std::max(1e-3, chip->bus_lsb_V);
      a.resolution_W = chip->power_steps * chip->shunt_lsb_V / truth;
    }
  }
  if (std::abs(plan.scale - 1) < 1e-9) return fmt::format(", {:g} ohm shunt", truth);
  return fmt::format(", {:g} ohm shunt (the driver assumes {:g} ohm, so its values are multiplied by {:g})", truth, assumed.ohm,
                     plan.scale);
}

// Only the resolutions of the values from which the power is computed are used.
void keep_what_counts(Accuracy& a, HwmonQuantity quantity) {
  if (quantity == HwmonQuantity::current) {
    a.resolution_W = 0;
    a.resolution_A = std::max(a.resolution_A, 1e-3);
    a.resolution_V = std::max(a.resolution_V, 1e-3);
    return;
  }
  a.resolution_A = a.resolution_V = 0;
  if (quantity == HwmonQuantity::power) a.resolution_W = std::max(a.resolution_W, 1e-6);
  if (quantity == HwmonQuantity::energy) a.resolution_J = 1e-6;
}

Plan make_plan(const MeterUri& uri, double interval_s, const HwmonDevice& device, const std::vector<HwmonDevice>& siblings) {
  Plan plan;
  plan.channel = select_hwmon_channel(uri, device);
  plan.limits = hwmon_limits(device.name);
  const std::string shunt = plan_shunt(plan, uri, device);

  const HwmonChip* chip = hwmon_chip(device.name);
  if (chip != nullptr && !chip->takes_turns) chip = nullptr;  // its conversion cycle is unknown
  const auto ms = [&](const std::string& file) {
    return static_cast<double>(std::max<std::int64_t>(device.dir.maybe_number(file).value_or(0), 0)) / 1e3;
  };
  const double update_s = ms("update_interval");
  const double average_s = plan.channel.file.ends_with("_average") ? ms(plan.channel.file + "_interval") : 0;
  const double conversion_s = update_s > 0 ? update_s : chip != nullptr ? chip->conversion_s : 0;
  const auto stated_s = uri.number(refresh_option);
  plan.refresh_s = stated_s.value_or(conversion_s > 0 ? conversion_s : unknown_refresh_s);

  MeterInfo& info = plan.info;
  info.uri = to_string(uri);
  info.counter = plan.channel.quantity == HwmonQuantity::energy;
  info.scope = scope_of(uri, device, plan.channel, siblings);
  info.nominal_period_s = std::max({interval_s, plan.refresh_s, 2e-3});  // a read over I2C takes about half a millisecond
  info.averaging_s = average_s > 0 ? average_s : chip != nullptr ? conversion_s : 0;
  if (chip != nullptr) info.current_share = 0.5;  // conversions of current and voltage alternate
  info.latency_s = plan.refresh_s;                // the age of the value is unknown
  info.gap_limit_s = uri.gap_limit_s(info.nominal_period_s);
  keep_what_counts(info.accuracy, plan.channel.quantity);
  uri.apply_accuracy(info.accuracy);
  const HwmonChannel& c = plan.channel;
  info.description = fmt::format(
      "hwmon {} at {}, {}{}{}{}, {}", device.name, device.address(), c.name(), c.label.empty() ? "" : " " + c.label,
      c.quantity == HwmonQuantity::current ? " x " + c.volts_file.substr(0, c.volts_file.find('_')) : std::string(), shunt,
      stated_s || conversion_s > 0 ? fmt::format("a new value every {:g} ms", plan.refresh_s * 1e3)
                                   : "refresh unknown (equal values within 100 ms count once; set refresh= if it is known)");
  return plan;
}

[[noreturn]] void cannot_open(const MeterUri& uri, const SysfsError& error) {
  const std::string fix = error.fault == SysfsFault::no_permission ? "; sudo chmod a+r that file, or run as root" : "";
  throw MeterUnavailable(fmt::format("meter {}: {}{}", uri.name, error.what(), fix));
}

class Hwmon final : public PolledMeter {
 public:
  Hwmon(Plan plan, const HwmonDevice& device)
      : PolledMeter(std::move(plan.info), plan.refresh_s),
        quantity_(plan.channel.quantity),
        scale_(plan.scale),
        full_scale_A_(plan.full_scale_A),
        limits_(plan.limits),
        counter_(limits_.power_W, slack_J(limits_, plan.refresh_s)),
        value_(device.dir.open(plan.channel.file)) {
    // Besides a power these values are optional, so one that cannot be read now is not used.
    const auto aside = [&](const std::string& file, std::optional<SysfsAttribute>& attribute) {
      if (file.empty() || quantity_ == HwmonQuantity::energy) return;
      SysfsAttribute opened = device.dir.open(file);
      if (quantity_ == HwmonQuantity::current || opened.number().ok()) attribute.emplace(std::move(opened));
    };
    aside(plan.channel.volts_file, volts_);
    if (quantity_ == HwmonQuantity::power) aside(plan.channel.amps_file, amps_);
  }

  void start(TimeNs first_window) override {
    PolledMeter::start(first_window);
    counter_ = CounterGuard(limits_.power_W, slack_J(limits_, info_.latency_s));
  }

  // Throws MeterUnavailable for a value that is impossible for such a device.
  void require_plausible() {
    Reading r;
    if (!read(r) || is_plausible(r)) return;
    throw MeterUnavailable(fmt::format(
        "meter hwmon: {}: the sensor shows {}{:.6g} W, which no such device can have: a fault of the sensor or of its driver",
        info_.uri, std::isfinite(r.amps_A) ? fmt::format("{:.6g} V, {:.6g} A, ", r.volts_V, r.amps_A) : "", r.power_W));
  }

 private:
  static double slack_J(const HwmonLimits& limits, double refresh_s) { return limits.power_W * refresh_s; }

  bool sample(TimeNs now, Reading& r) override {
    if (!read(r) || !is_plausible(r)) return false;
    if (quantity_ == HwmonQuantity::energy) {
      const auto counted = counter_.next(now, r.energy_J);
      if (!counted) return false;
      r.energy_J = counted->energy_J;
      if (counted->began_anew) r.flags |= reinitialised;
    }
    if (std::abs(r.amps_A) >= full_scale_A_ * (1 - 1e-3)) r.flags |= saturated;
    return true;
  }

  bool is_plausible(const Reading& r) const {
    const auto beyond = [](double value, double limit) { return std::abs(value) > limit; };
    if (beyond(r.volts_V, limits_.volts_V) || beyond(r.amps_A, limits_.amps_A) || beyond(r.power_W, limits_.power_W))
      return false;
    // A small negative power stored as an unsigned 32-bit number: slightly below 4294.97 W.
    constexpr double wrapped_W = 4294.967296;
    return !(quantity_ == HwmonQuantity::power && r.power_W / scale_ >= wrapped_W - 16 && r.power_W / scale_ <= wrapped_W);
  }

  bool read(Reading& r) {
    if (volts_) {
      const SysfsValue mV = volts_->number();
      if (!mV.ok()) return false;
      r.volts_V = static_cast<double>(mV.value) * 1e-3;
    }
    const SysfsValue value = value_.number();
    if (!value.ok()) return false;
    const auto raw = static_cast<double>(value.value);
    if (quantity_ == HwmonQuantity::energy) {
      r.energy_J = raw * 1e-6 * scale_;
      return true;
    }
    if (quantity_ == HwmonQuantity::current) {
      r.amps_A = raw * 1e-3 * scale_;
      r.power_W = r.volts_V * r.amps_A;
      return true;
    }
    r.power_W = raw * 1e-6 * scale_;
    if (!amps_) return true;
    const SysfsValue mA = amps_->number();
    if (!mA.ok()) return false;
    r.amps_A = static_cast<double>(mA.value) * 1e-3 * scale_;
    if (r.amps_A < 0) r.power_W = -std::abs(r.power_W);  // a power register has no sign
    return true;
  }

  HwmonQuantity quantity_;
  double scale_;
  double full_scale_A_;
  HwmonLimits limits_;
  CounterGuard counter_;
  SysfsAttribute value_;
  std::optional<SysfsAttribute> volts_;
  std::optional<SysfsAttribute> amps_;
};

FoundMeter look_at(const HwmonDevice& device, const std::vector<HwmonDevice>& siblings) {
  const bool alone = std::ranges::count(siblings, device.name, &HwmonDevice::name) == 1;
  FoundMeter found;
  found.uri = fmt::format("hwmon://{}", device.name);
  if (!alone) found.uri += "?path=" + device.address();
  const MeterUri uri = parse_meter_uri(found.uri);
  try {
    Plan plan = make_plan(uri, 0, device, siblings);
    found.scope = plan.info.scope;
    found.detail = plan.info.description;
    Hwmon(std::move(plan), device).require_plausible();
    found.state = MeterState::ready;
  } catch (const BadMeterUri& error) {
    found.state = MeterState::needs_option;
    found.detail = error.what();
    const auto channels = hwmon_channels(device);
    const std::string_view option = is_wired_by_user(device.name)                            ? "shunt_ohm=0.1"
                                    : std::ranges::any_of(channels, &HwmonChannel::complete) ? "label=NAME"
                                                                                             : "channel=curr1&volts=in0";
    found.fix = fmt::format("-m '{}{}{}'", found.uri, alone ? '?' : '&', option);
  } catch (const SysfsError& error) {
    found.state = error.fault == SysfsFault::no_permission ? MeterState::no_permission : MeterState::unusable;
    found.detail = error.what();
    if (error.fault == SysfsFault::no_permission)
      found.fix = fmt::format("sudo chmod a+r {}/*_input", device.dir.path().string());
  } catch (const MeterUnavailable& error) {
    found.state = MeterState::unusable;
    found.detail = error.what();
  }
  return found;
}

}  // namespace

std::span<const MeterOption> hwmon_options() {
  return options;
}

std::unique_ptr<Meter> open_hwmon(const MeterUri& uri, double interval_s, const Roots& roots) {
  uri.allow(options);
  const auto all = hwmon_devices(roots.sys);
  const HwmonDevice device = select_hwmon_device(uri, all);
  try {
    auto meter = std::make_unique<Hwmon>(make_plan(uri, interval_s, device, all), device);
    meter->require_plausible();
    return meter;
  } catch (const SysfsError& error) {
    cannot_open(uri, error);
  }
}

std::vector<FoundMeter> find_hwmon(const Roots& roots) {
  const auto devices = hwmon_devices(roots.sys);
  std::vector<FoundMeter> found;
  for (const HwmonDevice& device : devices) {
    // Batteries appear here as well, but only power_supply:// knows whether they charge.
    if (device.device.string().find("/power_supply/") != std::string::npos || hwmon_channels(device).empty()) continue;
    if (device.name.find_first_of("?&= /") != std::string::npos) continue;  // a URI cannot contain this name
    found.push_back(look_at(device, devices));
  }
  return found;
}

}  // namespace tbft::power
