#include "power/meters/sum_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "power/meters/hwmon_channels.h"
#include "power/meters/list.h"

namespace tbft::power {
namespace {

constexpr std::size_t fewest_parts = 2;
constexpr std::size_t most_parts = 16;
constexpr std::size_t longest_name = 32;
constexpr std::string_view example = "sum://?cpu=hwmon://ina3221?label=VDD_CPU&soc=hwmon://ina3221?label=VDD_SOC";

// Kinds of meters that cannot be parts, with the reason and what to do instead.
constexpr std::array never_parts{
    std::pair<std::string_view, std::string_view>{
        "exec", "a sum never runs a program; let the program write into a pipe, which lines:// reads"},
    std::pair<std::string_view, std::string_view>{"replay", "a recording is of another time than the other parts"},
    std::pair<std::string_view, std::string_view>{"sum", "a sum has no sums as parts; name the parts of both in one"},
};
// Kinds of which a machine has one.
constexpr std::array<std::string_view, 2> single_kinds{"pmic", "estimate"};
constexpr std::array<std::string_view, 5> chips_on_i2c{"ina219", "ina226", "ina228", "ina260", "ina3221"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, allowed);
}

MeterUri part_uri(const std::string& name, const std::string& text) {
  if (text == "auto")
    throw BadMeterUri(fmt::format("meter sum: part {} is `auto`; name its meter (`tbft doctor` lists them)", name));
  if (text.find("://") == std::string::npos) {
    throw BadMeterUri(
        fmt::format("meter sum: unknown option `{}`: it has gap_limit and its parts, NAME=URI, and `{}` is no URI. A further "
                    "option of a part follows after %26: cpu=hwmon://ina3221?label=VDD_CPU%26refresh=0.01",
                    name, text));
  }
  if (!is_name(name)) {
    throw BadMeterUri(fmt::format(
        "meter sum: a part cannot be called `{}`; a name has 1 to {} letters, digits, `_`, `-` and `.`", name, longest_name));
  }
  MeterUri uri = parse_meter_uri(text);
  for (const auto& [kind, reason] : never_parts) {
    if (uri.name == kind) throw BadMeterUri(fmt::format("meter sum: part {} is {}://: {}", name, kind, reason));
  }
  return uri;
}

// A part with what is needed to compare it with another one.
struct Subject {
  const SumPart& part;
  const MeterInfo& info;
  std::optional<HwmonDevice> device;  // of hwmon://
  HwmonChannel channel;
};

bool is_on_i2c(const MeterUri& uri) {
  return is_one_of(chips_on_i2c, uri.name);
}

// Whether both are the same chip on I2C. Links to a bus's device file are resolved.
bool same_chip(const MeterUri& a, const MeterUri& b) {
  if (!is_on_i2c(a) || !is_on_i2c(b)) return false;
  const auto address = [](const MeterUri& uri) { return uri.integer("addr", 0, 0x7F).value_or(0x40); };
  std::error_code none;
  return address(a) == address(b) &&
         (a.path == b.path || std::filesystem::equivalent(std::filesystem::path(a.path), std::filesystem::path(b.path), none));
}

// "NVIDIA A100 (GPU-8a56...)" of a graphics card, which an index, a UUID and an instance all name.
std::string_view card_of(const MeterInfo& info) {
  return std::string_view(info.description).substr(0, info.description.find(')'));
}

bool same_meter(const Subject& a, const Subject& b) {
  const MeterUri& x = a.part.uri;
  const MeterUri& y = b.part.uri;
  if (same_chip(x, y)) return true;
  if (is_on_i2c(x) || is_on_i2c(y)) return false;
  if (x.path == y.path && x.path.starts_with("/dev/")) return true;  // one port, whatever meter is said to be at it
  if (x.name != y.name) return false;
  if (x.name == "hwmon") return a.device->device == b.device->device && is_same_rail(a.channel, b.channel);
  if (x.name == "nvml") return card_of(a.info) == card_of(b.info);
  if (x.name == "power_supply" && (x.path.empty() || y.path.empty())) return true;  // without a name it is the only battery
  return x.path == y.path || is_one_of(single_kinds, x.name);
}

bool is_all_packages(std::string_view zone) {
  return zone.empty() || zone == "package";
}

// The kernel puts the zones core, uncore and dram into the folder of their package, but a package's counter leaves out dram.
// The zone psys is the whole platform.
bool rapl_contains(std::string_view zone, std::string_view other) {
  if (zone == other) return false;
  if (zone == "psys") return true;
  const auto slash = other.find('/');
  const std::string_view package = other.substr(0, slash);
  const std::string_view inner = slash == std::string_view::npos ? "" : other.substr(slash + 1);
  if (!package.starts_with("package-") || (!inner.empty() && inner != "core" && inner != "uncore")) return false;
  return is_all_packages(zone) || (zone == package && !inner.empty());
}

bool contains(const Subject& a, const Subject& b) {
  const MeterUri& x = a.part.uri;
  const MeterUri& y = b.part.uri;
  if (x.name == "hwmon" && y.name == "hwmon" && a.device->device == b.device->device && is_hwmon_input(a.channel.label))
    return true;
  if (x.name == "rapl" && y.name == "rapl") return rapl_contains(x.path, y.path);
  if (a.info.scope == Scope::board) return b.info.scope == Scope::package || b.info.scope == Scope::rail;
  return a.info.scope == Scope::battery && b.info.scope != Scope::battery;  // it supplies the board as well
}

std::string why_not_both(const Subject& a, const Subject& b) {
  const auto channel = [](const Subject& s) { return s.part.uri.text("channel").value_or("1"); };
  if (same_chip(a.part.uri, b.part.uri) && channel(a) != channel(b))
    return "are one chip, on which each would switch the other's channel off; use the kernel's driver: "
           "hwmon://ina3221?channel=1 and so on";
  if (same_meter(a, b)) return "are the same meter, whose energy would count twice; leave one out";
  const auto holds = [](const Subject& outer, const Subject& inner) {
    return fmt::format("overlap: {} contains {}, whose energy would count twice; leave one out", outer.part.name,
                       inner.part.name);
  };
  if (contains(a, b)) return holds(a, b);
  return contains(b, a) ? holds(b, a) : "";
}

}  // namespace

std::vector<SumPart> sum_parts(const MeterUri& uri) {
  std::vector<SumPart> parts;
  for (const auto& [name, text] : uri.options) {
    if (name != gap_limit_option.name) parts.push_back({.name = name, .uri = part_uri(name, text)});
  }
  if (!uri.path.empty())
    throw BadMeterUri(fmt::format("meter sum: takes no path, but `{}` was given; its parts follow a ?: {}", uri.path, example));
  if (parts.size() < fewest_parts || parts.size() > most_parts) {
    throw BadMeterUri(fmt::format("meter sum: {} part{}; it adds {} to {}: {}", parts.size(), parts.size() == 1 ? "" : "s",
                                  fewest_parts, most_parts, example));
  }
  return parts;
}

void refuse_overlap(std::span<const SumPart> parts, std::span<const MeterInfo> infos, const Roots& roots) {
  const auto devices = hwmon_devices(roots.sys);
  std::vector<Subject> subjects;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Subject& subject = subjects.emplace_back(Subject{.part = parts[i], .info = infos[i], .device = {}, .channel = {}});
    if (parts[i].uri.name != "hwmon") continue;
    subject.device = select_hwmon_device(parts[i].uri, devices);
    subject.channel = select_hwmon_channel(parts[i].uri, *subject.device);
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    for (std::size_t j = i + 1; j < subjects.size(); ++j) {
      const std::string problem = why_not_both(subjects[i], subjects[j]);
      if (problem.empty()) continue;
      throw BadMeterUri(fmt::format("meter sum: {} ({}) and {} ({}) {}", parts[i].name, to_string(parts[i].uri), parts[j].name,
                                    to_string(parts[j].uri), problem));
    }
  }
}

}  // namespace tbft::power
