#include "power/meters/hwmon_channels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

namespace tbft::power {
namespace {

std::string candidates(const std::vector<HwmonDevice>& devices) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < devices.size(); ++i)
    lines.push_back(fmt::format("index={} path={} ({})", i, devices[i].address(), devices[i].device.string()));
  return fmt::format("{}", fmt::join(lines, ", "));
}

std::string listed(const std::vector<HwmonChannel>& channels) {
  std::vector<std::string> texts;
  texts.reserve(channels.size());
  for (const HwmonChannel& c : channels) {
    texts.push_back((c.label.empty() ? "channel=" + c.name() : fmt::format("label={} ({})", c.label, c.name())) +
                    (c.complete() ? "" : ", voltage unknown"));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// The rails whose power can be determined, each by its preferred channel, by number.
std::vector<HwmonChannel> complete_rails(const HwmonDevice& device) {
  auto channels = hwmon_channels(device);
  std::ranges::stable_sort(channels, {}, &HwmonChannel::quantity);
  std::vector<HwmonChannel> rails;
  for (const HwmonChannel& c : channels) {
    if (c.complete() && std::ranges::none_of(rails, [&](const HwmonChannel& r) { return is_same_rail(r, c); }))
      rails.push_back(c);
  }
  std::ranges::stable_sort(rails, {}, [](const HwmonChannel& c) { return std::stoi(c.number); });
  return rails;
}

// The URI of one rail: by label where that names this channel and no other rail.
std::string rail_uri(MeterUri uri, const HwmonDevice& device, const HwmonChannel& rail) {
  uri.options.erase("channel");
  const auto channels = hwmon_channels(device);
  const auto first = std::ranges::find(channels, rail.label, &HwmonChannel::label);
  const bool labelled = !rail.label.empty() && first->file == rail.file && std::ranges::none_of(channels, [&](const auto& c) {
    return c.label == rail.label && !is_same_rail(c, rail);
  });
  if (labelled) {
    uri.options["label"] = rail.label;
  } else {
    uri.options["channel"] = rail.name();
  }
  return to_string(uri);
}

// How to add rails, with two of them as the example; empty if there are not two.
std::string how_to_add(const MeterUri& uri, const HwmonDevice& device) {
  auto rails = complete_rails(device);
  std::erase_if(rails, [](const HwmonChannel& rail) { return is_hwmon_input(rail.label); });  // it contains the others
  if (rails.size() < 2) return "";
  MeterUri sum;
  sum.name = "sum";
  sum.options = {{"a", rail_uri(uri, device, rails[0])}, {"b", rail_uri(uri, device, rails[1])}};
  return fmt::format(", or add some: -m '{}'", to_string(sum));
}

HwmonChannel select_channel(const MeterUri& uri, const HwmonDevice& device) {
  const auto channels = hwmon_channels(device);
  if (channels.empty()) {
    throw MeterUnavailable(
        fmt::format("meter hwmon: {} ({}) has no power, no energy and no current", uri.path, device.device.string()));
  }
  const auto label = uri.text("label");
  const auto channel = uri.text("channel");
  if (label && channel) throw BadMeterUri("meter hwmon: label and channel both name a rail; state only one");
  if (channel == hwmon_all_rails) {
    throw BadMeterUri(
        fmt::format("meter hwmon: channel=all is one meter for each rail, which `measure`, `run` and `watch` take with -m "
                    "'{}'; here choose one: {}{}",
                    to_string(uri), listed(channels), how_to_add(uri, device)));
  }
  const auto is_named = [&](const HwmonChannel& c) {
    return label ? c.label == *label : channel && (c.number == *channel || c.name() == *channel);
  };
  const auto found = std::ranges::find_if(channels, is_named);
  if ((label || channel) && found == channels.end()) {
    throw BadMeterUri(
        fmt::format("meter hwmon: {} has no such rail `{}`; it has {}", uri.path, label ? *label : *channel, listed(channels)));
  }
  if (found != channels.end()) return *found;
  for (const HwmonChannel& c : channels) {
    if (c.complete() && is_hwmon_input(c.label)) return c;
  }
  if (channels.front().number == channels.back().number) return channels.front();
  throw BadMeterUri(
      fmt::format("meter hwmon: {} has several rails; choose one: {}{}", uri.path, listed(channels), how_to_add(uri, device)));
}

HwmonChannel with_voltage(const MeterUri& uri, const HwmonDevice& device, HwmonChannel c) {
  const auto voltages = hwmon_voltages(device);
  const std::string there = voltages.empty() ? "no voltage" : fmt::format("{}", fmt::join(voltages, ", "));
  if (const auto stated = uri.text("volts")) {
    c.volts_file = hwmon_voltage(device, *stated);
    if (c.volts_file.empty()) {
      throw BadMeterUri(fmt::format("meter hwmon: {} has no voltage `{}`; it has {}", uri.path, *stated, there));
    }
  }
  if (c.complete()) return c;
  if (voltages.empty())
    throw MeterUnavailable(fmt::format("meter hwmon: {} shows a current but no voltage, so its power is unknown", uri.path));
  throw BadMeterUri(
      fmt::format("meter hwmon: {}: it is unknown which voltage belongs to the current {}{}, and a wrong one would give a "
                  "wrong power; it has "
                  "{}; if you know it, state it: -m 'hwmon://{}?channel={}&volts=in0'",
                  uri.path, c.name(), c.label.empty() ? "" : " " + c.label, there, uri.path, c.name()));
}

}  // namespace

bool is_hwmon_input(std::string_view label) {
  return label == "VDD_IN" || label == "POM_5V_IN";
}

HwmonDevice select_hwmon_device(const MeterUri& uri, const std::vector<HwmonDevice>& all) {
  if (uri.path.empty()) throw BadMeterUri("meter hwmon: no name; hwmon://NAME, see /sys/class/hwmon/*/name");
  std::vector<HwmonDevice> named;
  std::ranges::copy_if(all, std::back_inserter(named), [&](const HwmonDevice& d) { return d.name == uri.path; });
  if (named.empty()) {
    std::set<std::string> names;
    for (const HwmonDevice& device : all) names.insert(device.name);
    throw MeterUnavailable(fmt::format("meter hwmon: no sensor is called `{}`; there {}; is its driver loaded?", uri.path,
                                       names.empty() ? "is none" : fmt::format("are {}", fmt::join(names, ", "))));
  }
  if (const auto path = uri.text("path")) {
    for (const HwmonDevice& device : named) {
      if (device.address() == *path || device.device == *path) return device;
    }
    throw BadMeterUri(fmt::format("meter hwmon: no {} at path={}; there are {}", uri.path, *path, candidates(named)));
  }
  if (const auto index = uri.integer(hwmon_index_option)) {
    if (static_cast<std::size_t>(*index) < named.size()) return named[static_cast<std::size_t>(*index)];
    throw BadMeterUri(fmt::format("meter hwmon: no {} with index={}; there are {}", uri.path, *index, candidates(named)));
  }
  if (named.size() > 1) {
    throw BadMeterUri(fmt::format("meter hwmon: {} sensors are called {}; add ?path= or ?index=: {}", named.size(), uri.path,
                                  candidates(named)));
  }
  return named.front();
}

std::vector<std::string> hwmon_rail_uris(const MeterUri& uri, const std::vector<HwmonDevice>& all) {
  for (const std::string_view option : {"label", "volts"}) {
    if (uri.text(option))
      throw BadMeterUri(fmt::format("meter hwmon: {}= is of one rail, and channel=all names all; state only one", option));
  }
  const HwmonDevice device = select_hwmon_device(uri, all);
  const auto rails = complete_rails(device);
  if (rails.empty()) {
    const auto channels = hwmon_channels(device);
    throw BadMeterUri(fmt::format("meter hwmon: {} has no rail whose power is known{}", uri.path,
                                  channels.empty() ? "" : fmt::format("; it has {}", listed(channels))));
  }
  std::vector<std::string> uris;
  uris.reserve(rails.size());
  for (const HwmonChannel& rail : rails) uris.push_back(rail_uri(uri, device, rail));
  return uris;
}

HwmonChannel select_hwmon_channel(const MeterUri& uri, const HwmonDevice& device) {
  return with_voltage(uri, device, select_channel(uri, device));
}

}  // namespace tbft::power
