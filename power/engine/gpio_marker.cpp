#include "tbft/power/gpio.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tbft::power {
namespace {

constexpr std::string_view idle = "idle";

bool has_component(std::string_view window, std::string_view name) {
  for (std::size_t begin = 0; begin <= window.size();) {
    const std::size_t end = std::min(window.find('/', begin), window.size());
    if (window.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

// One output and its rules.
struct GpioMarker::Line {
  GpioLine where;
  std::unique_ptr<GpioOutput> output;
  std::vector<MarkerRule> rules;
  int open_windows = 0;
};

std::vector<MarkerRule> parse_marker_rules(std::string_view text) {
  std::vector<MarkerRule> rules;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    const auto equals = item.find('=');
    MarkerRule rule;
    if (equals != std::string_view::npos) rule.name = item.substr(0, equals);
    if (equals == 0 || rule.name.find('/') != std::string::npos) {
      throw std::invalid_argument(fmt::format(
          "marker `{}`: NAME=CHIP:OFFSET is expected, such as train=pinctrl-rp1:17; NAME is one part of a window's name",
          item));
    }
    rule.line = parse_gpio_line(equals == std::string_view::npos ? item : item.substr(equals + 1));
    rules.push_back(std::move(rule));
    begin = end + 1;
  }
  return rules;
}

bool applies(const MarkerRule& rule, std::string_view window) {
  return rule.name.empty() ? !has_component(window, idle) : has_component(window, rule.name);
}

GpioMarker::GpioMarker(const std::vector<MarkerRule>& rules, Warn warn)
    : GpioMarker(rules, std::move(warn), [](const GpioLine& line) { return open_gpio_output(line, "tbft"); }) {}

GpioMarker::GpioMarker(const std::vector<MarkerRule>& rules, Warn warn, const Open& open) : warn_(std::move(warn)) {
  for (const MarkerRule& rule : rules) {
    const auto same = [&](const Line& line) {
      return line.where.chip == rule.line.chip && line.where.offset == rule.line.offset;
    };
    auto line = std::ranges::find_if(lines_, same);
    if (line == lines_.end()) {
      lines_.push_back({.where = rule.line, .output = open(rule.line)});
      line = std::prev(lines_.end());
    }
    line->rules.push_back(rule);
  }
}

GpioMarker::~GpioMarker() {
  for (Line& line : lines_) {
    if (line.open_windows > 0) set(line, false);
  }
}

void GpioMarker::mark(const Mark& mark) {
  for (Line& line : lines_) {
    if (std::ranges::none_of(line.rules, [&](const MarkerRule& rule) { return applies(rule, mark.name); })) continue;
    // Windows nest, so the line changes only when the first opens and the last closes.
    line.open_windows += mark.opens ? 1 : -1;
    if (line.open_windows == (mark.opens ? 1 : 0)) set(line, mark.opens);
  }
}

void GpioMarker::set(Line& line, bool high) {
  try {
    line.output->set(high);
  } catch (const std::exception& error) {
    if (std::exchange(warned_, true) || !warn_) return;
    warn_(fmt::format("marker {}: {}; the measurement continues without it", to_string(line.where), error.what()));
  }
}

}  // namespace tbft::power
