#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plots/page_parts.h"

namespace tbft::plots {

namespace {

// The bars' axis, symmetric about the reference, so that the line stands in the middle.
struct BarAxis {
  bool ratios;
  double half;  // of its length: the logarithm of a ratio, or a difference

  double position_pct(double value) const {
    const double from_line = ratios ? std::log(value) : value;
    return 50 + 50 * std::clamp(from_line / half, -1.0, 1.0);
  }
};

// Infinity and values that have no logarithm are not drawn.
bool drawable(double value, bool ratios) {
  return std::isfinite(value) && (!ratios || value > 0);
}

BarAxis bar_axis(const Bars& bars) {
  double most = bars.ratios ? std::log(1.02) : 0.2;
  for (const Bars::Line& line : bars.lines) {
    for (const double value : {line.value, line.low, line.high}) {
      if (drawable(value, bars.ratios)) most = std::max(most, std::abs(bars.ratios ? std::log(value) : value));
    }
  }
  return {bars.ratios, 1.1 * most};
}

// A tick on each side of the line: round numbers below it, near the end of the axis.
double tick_of(const BarAxis& axis) {
  if (!axis.ratios) {
    const double room = 0.9 * axis.half, power = std::pow(10.0, std::floor(std::log10(room)));
    const double times = room / power;
    return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
  }
  constexpr std::array below{0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 0.8, 0.9, 0.95, 0.98};
  const auto* const tick = std::ranges::find_if(below, [&](double value) { return -std::log(value) <= 0.9 * axis.half; });
  return tick == below.end() ? 0.99 : *tick;
}

std::string tick_label(const BarAxis& axis, double value) {
  return axis.ratios ? fmt::format("{:.3g}", value) : value == 0 ? "0" : fmt::format("{:+.3g}", value);
}

std::string ticks(const Bars& bars, const BarAxis& axis) {
  const double tick = tick_of(axis);
  const std::array values{axis.ratios ? tick : -tick, axis.ratios ? 1.0 : 0.0, axis.ratios ? 1 / tick : tick};
  std::string html;
  for (const double value : values)
    html += fmt::format("<span style=\"left: {:.2f}%\">{}</span>", axis.position_pct(value), tick_label(axis, value));
  return fmt::format("<tr class=\"ticks\"><td></td><td><div class=\"bar\">{}</div></td><td>{}</td></tr>\n", html,
                     escaped(bars.unit));
}

std::string bar(const Bars::Line& line, const BarAxis& axis) {
  std::string html = "<i class=\"line\"></i>";
  if (!drawable(line.value, axis.ratios)) return html;
  const auto span = [&](const char* name, double from, double to) {
    const double left = axis.position_pct(std::min(from, to)), right = axis.position_pct(std::max(from, to));
    html += fmt::format("<i class=\"{}\" style=\"left: {:.2f}%; width: {:.2f}%\"></i>", name, left, right - left);
  };
  const double reference = axis.ratios ? 1 : 0;
  span(!line.significant ? "value" : line.value < reference ? "value lower" : "value higher", reference, line.value);
  if (drawable(line.low, axis.ratios) && drawable(line.high, axis.ratios)) span("interval", line.low, line.high);
  return html;
}

}  // namespace

std::string html_of(const Bars& bars) {
  const BarAxis axis = bar_axis(bars);
  std::string html = fmt::format("<figure><table class=\"bars\">\n<caption>{}</caption>\n<tbody>\n", escaped(bars.title));
  for (const Bars::Line& line : bars.lines) {
    html += fmt::format("<tr><th scope=\"row\">{}</th><td><div class=\"bar\">{}</div></td><td{}>{} <span>{}</span></td></tr>\n",
                        escaped(line.name), bar(line, axis), line.significant ? " class=\"best\"" : "", escaped(line.text),
                        escaped(line.verdict));
  }
  return html + ticks(bars, axis) + "</tbody></table></figure>\n";
}

}  // namespace tbft::plots
