#include "harness/measurement/run_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "harness/host/usage_error.h"
#include "tbft/power/gpio.h"

namespace tbft {

namespace {

std::vector<power::MarkerRule> rules_of(const std::string& text) {
  if (text.empty()) return {};
  try {
    return power::parse_marker_rules(text);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

double idle_seconds(double requested_s, const power::MeterInfo& meter) {
  if (requested_s >= 0) return requested_s;
  return meter.measured ? 5 : 0;
}

std::unique_ptr<power::Meter> open_named_meter(const MeterChoice& choice, double interval_s, WithoutMeter without,
                                               std::string& warning, const OpenMeter& open) {
  try {
    auto meter = open(choice.uri, power::Seconds(interval_s), choice.programs);
    warning = meter->info().assumption;
    return meter;
  } catch (const power::MeterUnavailable& error) {
    if (choice.uri != "auto" || without == WithoutMeter::fails) throw;
    auto meter = power::open_meter("estimate://", power::Seconds(interval_s));
    warning = fmt::format("{}; joules are an estimate: {}", error.what(), meter->info().description);
    return meter;
  }
}

std::vector<std::unique_ptr<power::Meter>> open_named_meters(const MeterChoice& choice, double interval_s, WithoutMeter without,
                                                             std::vector<std::string>& warnings, const OpenMeter& open,
                                                             const power::Roots& roots) {
  const auto warn = [&](const std::string& text) {
    if (!text.empty()) warnings.push_back(text);
  };
  auto uris = power::expand_meter(choice.uri, roots);
  for (const auto& uri : choice.further) std::ranges::move(power::expand_meter(uri, roots), std::back_inserter(uris));
  std::string warning;
  std::vector<std::unique_ptr<power::Meter>> meters;
  meters.push_back(open_named_meter({uris.front(), choice.programs}, interval_s, without, warning, open));
  warn(warning);
  for (const auto& uri : std::span(uris).subspan(1)) {
    if (uri == "auto") throw UsageError("only the first meter may be auto; name the others, see `tbft meters`");
    auto meter = open(uri, power::Seconds(interval_s), choice.programs);
    const auto info = meter->info();
    if (std::ranges::any_of(meters, [&](const auto& other) { return other->info().uri == info.uri; }))
      throw UsageError(fmt::format("the meter {} is named twice; each -m is another meter", info.uri));
    if (!info.assumption.empty()) warn(fmt::format("{}: {}", info.uri, info.assumption));
    meters.push_back(std::move(meter));
  }
  return meters;
}

void check_marker(const std::string& rules) {
  rules_of(rules);
}

std::function<void(const power::Mark&)> open_marker(const std::string& rules, Console& console) {
  const auto parsed = rules_of(rules);
  if (parsed.empty()) return {};
  auto marker = std::make_shared<power::GpioMarker>(parsed, [&console](const std::string& text) { console.warning(text); });
  return [marker](const power::Mark& mark) { marker->mark(mark); };
}

}  // namespace tbft
