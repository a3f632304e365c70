#include "harness/cli/meter_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "harness/cli/command.h"
#include "harness/cli/output.h"
#include "harness/host/doctor.h"
#include "harness/host/doctor_text.h"
#include "tbft/power/registry.h"
#include "tbft/power/uri.h"

namespace tbft::cli {

namespace {

using nlohmann::ordered_json;

struct Kind {
  power::MeterKind kind;
  power::MeterGuide guide;
  std::vector<power::MeterOption> options;
  std::vector<power::FoundMeter> meters;  // of this kind, on this machine
  std::vector<Check> ports;               // to which one can be connected
};

// The topic of doctor's checks of the devices that such a meter is connected to; empty if it needs none.
std::string_view port_of(const power::MeterKind& kind) {
  if (kind.name == "pmic") return "firmware";
  if (kind.example.find(":///dev/i2c-") != std::string_view::npos) return "i2c";
  return kind.example.find(":///dev/") != std::string_view::npos ? "serial" : "";
}

Kind look_up(const std::string& name) {
  const auto& guide = power::meter_guide(name);  // throws for an unknown name
  const auto kinds = power::meter_kinds();
  const auto options = power::meter_options(name);
  Kind found{.kind = *std::ranges::find(kinds, guide.name, &power::MeterKind::name),
             .guide = guide,
             .options = {options.begin(), options.end()},
             .meters = {},
             .ports = {}};
  if (std::ranges::find(options, power::gap_limit_option.name, &power::MeterOption::name) == options.end())
    found.options.push_back(power::gap_limit_option);
  const Findings machine = check_machine();
  for (const auto& meter : machine.meters) {
    const bool absent = meter.state == power::MeterState::absent;
    if (!absent && power::parse_meter_uri(meter.uri).name == name) found.meters.push_back(meter);
  }
  for (const auto& check : machine.checks)
    if (check.topic == port_of(found.kind)) found.ports.push_back(check);
  return found;
}

std::string range_text(const power::MeterOption& option) {
  const std::string unit = option.unit.empty() ? "" : fmt::format(" {}", option.unit);
  if (!option.values.empty()) return fmt::format("{}{}", option.values, unit);
  return option.high > option.low ? fmt::format("{:.10g} to {:.10g}{}", option.low, option.high, unit) : std::string();
}

std::string default_text(const power::MeterOption& option) {
  return option.fallback ? fmt::format("{:g}", *option.fallback) : std::string(option.otherwise);
}

std::string option_line(const power::MeterOption& option, std::size_t width) {
  std::string text = fmt::format("  {:<{}}  {}", option.name, width, option.meaning);
  if (const auto range = range_text(option); !range.empty()) text += fmt::format("; {}", range);
  const auto without = default_text(option);
  return text + (without == "required" ? "; required\n" : fmt::format("; default: {}\n", without));
}

std::vector<std::string> setup_steps(const power::MeterGuide& guide) {
  std::vector<std::string> steps;
  for (std::string_view part : guide.setup) {
    for (auto end = part.find('\n'); end != std::string_view::npos; end = part.find('\n')) {
      steps.emplace_back(part.substr(0, end));
      part.remove_prefix(end + 1);
    }
  }
  return steps;
}

// Whether a device belongs to it that this machine may have.
bool has_device(const power::MeterKind& kind) {
  constexpr std::array<std::string_view, 6> without{"replay", "estimate", "remote", "exec", "lines", "sum"};
  return std::ranges::find(without, kind.name) == without.end();
}

std::string here_text(const Kind& found) {
  if (!has_device(found.kind)) return "";
  std::string text = "on this machine\n";
  for (const auto& meter : found.meters) text += tbft::to_text(meter);
  for (const auto& port : found.ports) text += tbft::to_text(port);
  return text + (found.meters.empty() && found.ports.empty() ? "  none found\n" : "");
}

std::string to_text(const Kind& found) {
  const auto& kind = found.kind;
  const auto& guide = found.guide;
  std::string text = fmt::format("{}: {}\n", kind.name, kind.summary);
  text += fmt::format("URI       {}://PATH?OPTION=VALUE&OPTION=VALUE\n", kind.name);
  text += fmt::format("example   -m '{}'\n", kind.example);
  text += fmt::format("PATH      {}\nrate      {}\naccuracy  {}\n", guide.path, guide.rate, guide.accuracy);
  text += fmt::format("tested    with {}{}\n", guide.tested, has_device(kind) ? "; not on hardware yet" : "");
  std::size_t width = 0;
  for (const auto& option : found.options) width = std::max(width, option.name.size());
  text += "options\n";
  for (const auto& option : found.options) text += option_line(option, width);
  text += "set-up\n";
  std::size_t number = 0;
  for (const auto& step : setup_steps(guide)) text += fmt::format("  {}.  {}\n", ++number, step);
  return text + here_text(found);
}

ordered_json to_json(const Kind& found) {
  auto options = ordered_json::array();
  for (const auto& option : found.options) {
    const bool number = option.high > option.low;
    options.push_back({{"name", option.name},
                       {"meaning", option.meaning},
                       {"unit", option.unit},
                       {"low", number ? ordered_json(option.low) : ordered_json(nullptr)},
                       {"high", number ? ordered_json(option.high) : ordered_json(nullptr)},
                       {"values", option.values},
                       {"default", option.fallback ? ordered_json(*option.fallback) : ordered_json(option.otherwise)}});
  }
  auto here = ordered_json::array();
  for (const auto& meter : found.meters)
    here.push_back({{"name", meter.uri}, {"state", to_string(meter.state)}, {"detail", meter.detail}, {"fix", meter.fix}});
  for (const auto& port : found.ports)
    here.push_back({{"name", port.name}, {"state", to_string(port.health)}, {"detail", port.detail}, {"fix", port.fix}});
  return {{"name", found.kind.name},           {"summary", found.kind.summary},
          {"example", found.kind.example},     {"path", found.guide.path},
          {"rate", found.guide.rate},          {"accuracy", found.guide.accuracy},
          {"tested", found.guide.tested},      {"options", options},
          {"setup", setup_steps(found.guide)}, {"here", here}};
}

}  // namespace

int describe_kind(const std::string& name, bool json) {
  const Kind found = look_up(name);
  if (json)
    print_json(to_json(found));
  else
    print_text(to_text(found));
  return Exit::ok;
}

}  // namespace tbft::cli
