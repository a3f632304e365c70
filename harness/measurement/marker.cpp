#include "harness/measurement/marker.h"

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
