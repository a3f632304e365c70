#include "power/meters/hwmon_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace tbft::power {
namespace {

// "1" of power1_input for prefix "power" and one of the suffixes.
std::optional<std::string> number_of(std::string_view file, std::string_view prefix, std::string_view suffix) {
  if (!file.starts_with(prefix) || !file.ends_with(suffix) || file.size() <= prefix.size() + suffix.size()) {
    return std::nullopt;
  }
  const std::string_view digits = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
  if (digits.size() > 4 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return std::string(digits);
}

// Number to file.
std::map<std::string, std::string> inputs(const std::vector<std::string>& names, std::string_view prefix) {
  std::map<std::string, std::string> found;
  for (const std::string& name : names) {
    if (const auto number = number_of(name, prefix, "_input")) found.insert_or_assign(*number, name);
  }
  return found;
}

std::string label_of(const HwmonDevice& device, std::string_view kind, std::string_view number) {
  return device.dir.maybe_text(fmt::format("{}{}_label", kind, number)).value_or("");
}

// The voltage that belongs to currN, empty if none can be told.
std::string volts_for(const HwmonDevice& device, const std::string& number, const std::string& label,
                      const std::map<std::string, std::string>& volts) {
  if (device.name == "ina3221" && number.size() == 1 && number > "3") return "";
  if (!label.empty()) {
    for (const auto& [n, file] : volts) {
      if (label_of(device, "in", n) == label) return file;
    }
  }
  if (const auto same = volts.find(number); same != volts.end()) return same->second;
  return volts.size() == 1 ? volts.begin()->second : "";
}

std::string first_of(std::initializer_list<std::string> labels) {
  for (const std::string& label : labels) {
    if (!label.empty()) return label;
  }
  return "";
}

}  // namespace

bool is_ina2xx(std::string_view name) {
  constexpr std::array<std::string_view, 6> names{"ina219", "ina220", "ina226", "ina230", "ina231", "ina2xx"};
  return std::ranges::find(names, name) != names.end();
}

std::vector<HwmonDevice> hwmon_devices(const std::filesystem::path& sys) {
  std::vector<HwmonDevice> devices;
  const SysfsDir all(sys / "class/hwmon");
  for (const std::string& entry : all.names()) {
    SysfsDir dir = all.sub(entry);
    const auto name = dir.maybe_text("name");
    if (!name || name->empty()) continue;
    auto device = dir.has("device") ? dir.sub("device").real() : dir.real();
    devices.push_back({.dir = std::move(dir), .name = *name, .device = std::move(device)});
  }
  std::ranges::sort(devices, {}, [](const HwmonDevice& d) { return std::tie(d.name, d.device); });
  return devices;
}

std::vector<HwmonChannel> hwmon_channels(const HwmonDevice& device) {
  const auto names = device.dir.names();
  const auto amps = inputs(names, "curr");
  const auto volts = inputs(names, "in");
  auto watts = inputs(names, "power");
  for (const std::string& name : names) {
    if (const auto number = number_of(name, "power", "_average")) watts.emplace(*number, name);  // an instant value comes first
  }
  const auto file_of = [](const std::map<std::string, std::string>& files, const std::string& number) {
    const auto found = files.find(number);
    return found == files.end() ? std::string() : found->second;
  };

  std::vector<HwmonChannel> channels;
  for (const auto& [n, file] : inputs(names, "energy")) {
    channels.push_back({.quantity = HwmonQuantity::energy, .number = n, .file = file, .label = label_of(device, "energy", n)});
  }
  for (const auto& [n, file] : watts) {
    channels.push_back({.quantity = HwmonQuantity::power,
                        .number = n,
                        .file = file,
                        .amps_file = file_of(amps, n),
                        .volts_file = volts_for(device, n, "", volts),
                        .label = first_of({label_of(device, "power", n), label_of(device, "curr", n)})});
  }
  for (const auto& [n, file] : amps) {
    const std::string label = label_of(device, "curr", n);
    const std::string volt = volts_for(device, n, label, volts);
    if (volt.empty()) continue;
    channels.push_back({.quantity = HwmonQuantity::current,
                        .number = n,
                        .file = file,
                        .amps_file = file,
                        .volts_file = volt,
                        .label = first_of({label, label_of(device, "in", n)})});
  }
  std::ranges::sort(channels, {}, [](const HwmonChannel& c) { return std::pair(std::stoi(c.number), c.quantity); });
  return channels;
}

}  // namespace tbft::power
