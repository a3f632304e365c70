#include "tbft/power/detect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>

#include "tbft/power/firmware.h"
#include "tbft/power/sysfs_dir.h"

namespace tbft::power {
namespace {

// The rank of a meter; `auto` prefers the smallest.
int rank(const FoundMeter& meter) {
  if (meter.scope == Scope::package) return meter.uri.starts_with("rapl://") ? 1 : 2;  // training runs on the processor
  return meter.scope == Scope::board ? 0 : meter.scope == Scope::battery ? 3 : 4;
}

// Chips that have a meter without a kernel driver.
constexpr std::array<std::string_view, 5> raw_chips{"ina219", "ina226", "ina228", "ina260", "ina3221"};

}  // namespace

std::string to_string(MeterState state) {
  constexpr std::array names{"ready", "no_permission", "needs_option", "driver_bound", "not_wired", "unusable", "absent"};
  return names.at(static_cast<std::size_t>(state));
}

std::vector<const FoundMeter*> best_meters(std::span<const FoundMeter> found) {
  std::vector<const FoundMeter*> best;
  for (const FoundMeter& meter : found) {
    if (meter.state != MeterState::ready) continue;
    if (!best.empty() && rank(meter) < rank(*best.front())) best.clear();
    if (best.empty() || rank(meter) == rank(*best.front())) best.push_back(&meter);
  }
  return best;
}

const FoundMeter* best_meter(std::span<const FoundMeter> found) {
  const auto best = best_meters(found);
  return best.size() == 1 ? best.front() : nullptr;
}

std::vector<std::string> equals_of(std::span<const FoundMeter> found, const FoundMeter& best) {
  std::vector<std::string> uris;
  for (const FoundMeter& meter : found) {
    if (meter.state == MeterState::ready && meter.scope == best.scope && meter.uri != best.uri) uris.push_back(meter.uri);
  }
  return uris;
}

std::vector<FoundMeter> find_i2c_devices(const Roots& roots) {
  std::vector<FoundMeter> found;
  const SysfsDir all(roots.sys / "bus/i2c/devices");
  for (const std::string& entry : all.names()) {  // 1-0040: bus and address
    const SysfsDir device = all.sub(entry);
    const auto chip = device.maybe_text("name");
    const auto dash = entry.find("-00");
    if (!chip || dash == std::string::npos || std::ranges::find(raw_chips, *chip) == raw_chips.end()) continue;
    FoundMeter meter;
    meter.uri = fmt::format("{}:///dev/i2c-{}?addr=0x{}", *chip, entry.substr(0, dash), entry.substr(dash + 3));
    if (device.has("driver")) {
      const std::string driver = device.sub("driver").real().filename().string();
      meter.state = MeterState::driver_bound;
      meter.detail = fmt::format("the kernel driver {} owns it; read it as hwmon://{}", driver, *chip);
      meter.fix = fmt::format("-m 'hwmon://{}?path={}', or to read it raw: echo {} | sudo tee /sys/bus/i2c/drivers/{}/unbind",
                              *chip, entry, entry, driver);
    } else {
      meter.state = MeterState::not_wired;
      meter.detail = "it is described to the kernel, but no driver uses it: it is not wired, or the driver is missing";
      meter.fix = fmt::format("check wiring and address, then try: sudo modprobe {}; sudo dmesg | grep {}",
                              *chip == "ina3221"  ? "ina3221"
                              : *chip == "ina228" ? "ina238"
                                                  : "ina2xx",
                              entry);
    }
    found.push_back(std::move(meter));
  }
  return found;
}

std::string no_meter_found(std::span<const FoundMeter> found) {
  if (const auto equals = best_meters(found); equals.size() > 1) {
    std::vector<std::string> names;
    names.reserve(equals.size());
    for (const FoundMeter* meter : equals) names.push_back(fmt::format("-m '{}'", meter->uri));
    return fmt::format("auto: this machine has {} meters of the same scope ({}); choose one: {}", equals.size(),
                       to_string(equals.front()->scope), fmt::join(names, ", "));
  }
  std::string there;
  for (const FoundMeter& meter : found) {
    if (meter.state == MeterState::ready || meter.state == MeterState::absent) continue;
    there += fmt::format("; {} is there but {}: {}", meter.uri, to_string(meter.state),
                         meter.fix.empty() ? meter.detail : meter.fix);
  }
  return fmt::format(
      "no meter found: none that can be detected safely is {}. Name one, such as -m "
      "'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' or, as "
      "an estimate, -m estimate://; `tbft doctor` gives details{}",
      there.empty() ? "present" : "usable", there);
}

std::function<std::string(std::string_view command)> firmware_of(const Roots& roots) {
  if (!roots.firmware) {
    return [firmware = std::make_shared<Firmware>(roots.dev)](std::string_view command) { return firmware->ask(command); };
  }
  return [ask = roots.firmware](std::string_view command) {
    std::string answer = ask(command);
    refuse_error_answer(command, answer);
    return answer;
  };
}

}  // namespace tbft::power
