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
  if (!file.starts_with(prefix) || !file.ends_with(suffix) || file.size() <= prefix.size() + suffix.size()) return std::nullopt;
  const std::string_view digits = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
  if (digits.size() > 4 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return std::string(digits);
}

// The files of one kind by channel number.
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

// Drivers whose channel numbers correspond: the voltage of currN and powerN is in(N + volts), the current of powerN is currN.
// (Documentation/hwmon of each; k10temp and pmbus have labels instead.)
struct Pairing {
  std::string_view driver;
  int volts;
};
constexpr std::array pairings{
    Pairing{"ina209", 0},   Pairing{"ina219", 0},   Pairing{"ina220", 0},    Pairing{"ina226", 0},  Pairing{"ina230", 0},
    Pairing{"ina231", 0},   Pairing{"ina234", 0},   Pairing{"ina260", 0},    Pairing{"sy24655", 0}, Pairing{"ina2xx", 0},
    Pairing{"ina228", 0},   Pairing{"ina237", 0},   Pairing{"ina238", 0},    Pairing{"ina700", 0},  Pairing{"ina780", 0},
    Pairing{"sq52206", 0},  Pairing{"ina3221", 0},  Pairing{"ltc2945", 0},   Pairing{"ltc4151", 0}, Pairing{"ltc4260", 0},
    Pairing{"ltc4261", 0},  Pairing{"ltc2947", -1}, Pairing{"isl28022", -1}, Pairing{"powerz", -1}, Pairing{"corsairpsu", -1},
    Pairing{"zenpower", 0},
};

// Drivers that number unrelated channels, so that even a single voltage does not belong to the single current.
constexpr std::array<std::string_view, 2> unrelated{"iio_hwmon", "sfp"};

using Files = std::map<std::string, std::string>;  // number to file

// The subject of a label without the quantity: "out1" for vout1, iout1 and pout1, "pump" for "Pump current".
std::string subject_of(std::string_view label, char letter) {
  std::string text;
  for (const char c : label) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? ' ' : c;
  if (const auto phase = text.find('.'); phase != std::string::npos && text.starts_with("iout")) text.resize(phase);
  constexpr std::array<std::string_view, 8> quantities{"voltage", "volts", "volt", "current", "curr", "amps", "power", "watts"};
  std::string subject;
  bool named = false;  // whether the label contained the quantity as a word
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (std::ranges::find(quantities, word) != quantities.end()) {
      named = true;
    } else if (!word.empty()) {
      subject += (subject.empty() ? "" : " ") + word;
    }
  }
  if (!named && subject.size() > 1 && subject.front() == letter) subject.erase(0, 1);
  return subject;
}

// The one of `files` whose label has the same subject as `label`; empty if there is none or several.
std::string same_subject(const HwmonDevice& device, std::string_view label, char letter, const Files& files,
                         std::string_view kind, char kind_letter) {
  if (label.empty()) return "";
  std::string exact, alike;
  int exact_n = 0, alike_n = 0;
  for (const auto& [number, file] : files) {
    const std::string other = label_of(device, kind, number);
    if (other.empty()) continue;
    if (other == label) {
      exact = file;
      ++exact_n;
    } else if (subject_of(other, kind_letter) == subject_of(label, letter)) {
      alike = file;
      ++alike_n;
    }
  }
  return exact_n == 1 ? exact : exact_n == 0 && alike_n == 1 ? alike : "";
}

const Pairing* pairing_of(const HwmonDevice& device) {
  const auto* const found = std::ranges::find(pairings, device.name, &Pairing::driver);
  return found == pairings.end() ? nullptr : &*found;
}

// The file of one kind (in: 'v', curr: 'i') that belongs to channel `number` with this label and letter; empty if that is
// unknown. `others`: the number of channels of the channel's own kind.
std::string partner(const HwmonDevice& device, const std::string& number, std::string_view label, char letter,
                    const Files& files, std::string_view kind, std::size_t others) {
  if (const Pairing* pairing = pairing_of(device)) {
    if (device.name == "ina3221" && number > "3") return "";  // a sum over channels
    const int shift = kind == "in" ? pairing->volts : 0;
    const auto found = files.find(std::to_string(std::stoi(number) + shift));
    return found == files.end() ? "" : found->second;
  }
  if (auto file = same_subject(device, label, letter, files, kind, kind == "in" ? 'v' : 'i'); !file.empty()) return file;
  if (files.size() != 1 || others != 1 || std::ranges::find(unrelated, device.name) != unrelated.end()) return "";
  // Different labels name different rails.
  return label.empty() || label_of(device, kind, files.begin()->first).empty() ? files.begin()->second : "";
}

// Whether the power is light that an optical transceiver sends or receives.
bool is_light(std::string_view label) {
  return label == "TX_power" || label == "RX_power";
}

std::string first_of(std::initializer_list<std::string> labels) {
  for (const std::string& label : labels) {
    if (!label.empty()) return label;
  }
  return "";
}

}  // namespace

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
    if (const auto number = number_of(name, "power", "_average")) watts.emplace(*number, name);  // momentary values come first
  }

  std::vector<HwmonChannel> channels;
  for (const auto& [n, file] : inputs(names, "energy"))
    channels.push_back({.quantity = HwmonQuantity::energy, .number = n, .file = file, .label = label_of(device, "energy", n)});
  for (const auto& [n, file] : watts) {
    const std::string label = label_of(device, "power", n);
    if (is_light(label)) continue;
    const std::string ampere = partner(device, n, label, 'p', amps, "curr", watts.size());
    const auto amps_number = number_of(ampere, "curr", "_input");
    channels.push_back({.quantity = HwmonQuantity::power,
                        .number = n,
                        .file = file,
                        .amps_file = ampere,
                        .volts_file = partner(device, n, label, 'p', volts, "in", watts.size()),
                        .label = first_of({label, amps_number ? label_of(device, "curr", *amps_number) : ""})});
  }
  for (const auto& [n, file] : amps) {
    if (device.name == "ina3221" && n > "3") continue;  // a sum over channels is no rail
    const std::string label = label_of(device, "curr", n);
    const std::string volt = partner(device, n, label, 'i', volts, "in", amps.size());
    const auto volts_number = number_of(volt, "in", "_input");
    channels.push_back({.quantity = HwmonQuantity::current,
                        .number = n,
                        .file = file,
                        .amps_file = file,
                        .volts_file = volt,
                        .label = first_of({label, volts_number ? label_of(device, "in", *volts_number) : ""})});
  }
  std::ranges::sort(channels, {}, [](const HwmonChannel& c) { return std::pair(std::stoi(c.number), c.quantity); });
  return channels;
}

bool is_same_rail(const HwmonChannel& a, const HwmonChannel& b) {
  if (a.file == b.file || (!a.amps_file.empty() && a.amps_file == b.amps_file)) return true;
  if (a.quantity == b.quantity) return false;
  const bool counts = a.quantity == HwmonQuantity::energy || b.quantity == HwmonQuantity::energy;
  return (!a.label.empty() && a.label == b.label) || (counts && a.number == b.number);
}

std::vector<std::string> hwmon_voltages(const HwmonDevice& device) {
  std::vector<std::string> list;
  for (const auto& [n, file] : inputs(device.dir.names(), "in")) {
    const std::string label = label_of(device, "in", n);
    list.push_back("in" + n + (label.empty() ? "" : " " + label));
  }
  return list;
}

std::string hwmon_voltage(const HwmonDevice& device, std::string_view text) {
  for (const auto& [n, file] : inputs(device.dir.names(), "in")) {
    if (text == "in" + n || (!text.empty() && label_of(device, "in", n) == text)) return file;
  }
  return "";
}

}  // namespace tbft::power
