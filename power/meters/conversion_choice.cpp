#include "power/meters/conversion_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <optional>
#include <vector>

#include "power/meters/converter_options.h"
#include "power/protocol/ina_conversion.h"

namespace tbft::power {
namespace {

std::optional<std::size_t> asked_time(const MeterUri& uri, const ConverterLimits& limits) {
  const auto us = uri.number("ct_us", 1, 1e5);
  if (!us) return std::nullopt;
  std::vector<long> known;
  for (std::size_t i = 0; i < limits.ct_s.size(); ++i) {
    known.push_back(std::lround(limits.ct_s[i] * 1e6));
    if (std::abs(*us - static_cast<double>(known.back())) < 0.5) return i;
  }
  throw BadMeterUri(fmt::format("meter {}: ct_us={}: {} are known", uri.name, *us, fmt::join(known, ", ")));
}

std::optional<std::size_t> asked_averages(const MeterUri& uri, const ConverterLimits& limits) {
  const auto n = uri.integer(avg_option);
  if (!n) return std::nullopt;
  for (std::size_t i = 0; i < limits.averages.size(); ++i) {
    if (limits.averages[i] == *n) return i;
  }
  throw BadMeterUri(fmt::format("meter {}: avg={}: {} are known", uri.name, *n, fmt::join(limits.averages, ", ")));
}

Conversion make(const ConverterLimits& limits, std::size_t ct, std::size_t avg) {
  return {.ct_code = static_cast<std::uint8_t>(ct),
          .avg_code = static_cast<std::uint8_t>(avg),
          .ct_s = limits.ct_s[ct],
          .averages = limits.averages[avg]};
}

}  // namespace

double Conversion::longest_s() const {
  return ina::slowest * cycle_s();
}
Timing Conversion::timing(double read_s) const {
  return {.cycle_s = cycle_s(),
          .longest_s = longest_s(),
          .read_s = read_s,
          .age_share = 0.5 + 0.25 / static_cast<double>(averages),  // each pair begins with the shunt
          .overlap_share = averages == 1 ? 0.5 : 1.0,
          .triggered = triggered};
}
std::string Conversion::text() const {
  return fmt::format("{:.0f} us x{}, {}", ct_s * 1e6, averages, triggered ? "triggered" : "continuous");
}

Conversion choose_conversion(const MeterUri& uri, const ConverterLimits& limits, double interval_s) {
  const auto asked_ct = asked_time(uri, limits);
  const auto asked_avg = asked_averages(uri, limits);
  const auto follows = [&](const Conversion& c) { return limits.sample_s <= c.cycle_s() / 2; };
  const double from_s = asked_ct ? 0 : 2 * limits.usual_ct_s * 0.999;
  std::optional<Conversion> best;      // within the interval
  std::optional<Conversion> shortest;  // the shortest that the bus can keep up with and that is not below the usual one
  for (std::size_t ct = 0; ct < limits.ct_s.size(); ++ct) {
    for (std::size_t avg = 0; avg < limits.averages.size(); ++avg) {
      if (ct != asked_ct.value_or(ct) || avg != asked_avg.value_or(avg)) continue;
      const Conversion c = make(limits, ct, avg);
      if (!follows(c)) continue;
      if (c.cycle_s() >= from_s && (!shortest || c.cycle_s() < shortest->cycle_s())) shortest = c;
      if (c.cycle_s() <= interval_s && (!best || c.cycle_s() > best->cycle_s())) best = c;
    }
  }
  if (asked_ct && (asked_avg || limits.averages.size() == 1)) {
    Conversion c = make(limits, *asked_ct, asked_avg.value_or(0));
    c.triggered = limits.can_trigger && !follows(c);
    return c;
  }
  if (best && (!shortest || best->cycle_s() >= shortest->cycle_s())) return *best;
  if (shortest) return *shortest;
  // The bus can keep up with none, so the slowest is used, and each conversion is triggered.
  Conversion c = make(limits, asked_ct.value_or(limits.ct_s.size() - 1), asked_avg.value_or(limits.averages.size() - 1));
  c.triggered = limits.can_trigger && !follows(c);
  return c;
}

}  // namespace tbft::power
