#include "results/meter_ratio.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "results/tables/section.h"
#include "results/text.h"

namespace tbft::results {

namespace {

double square(double x) {
  return x * x;
}

std::string percent(double relative) {
  return std::isnan(relative) ? std::string("unknown") : significant(100 * relative, 2) + " %";
}

}  // namespace

MeterRatio meter_ratio(std::span<const PairedJoules> windows) {
  MeterRatio result;
  std::vector<double> logs;
  double random = 0, first = 0, further = 0;  // sums of squares
  for (const auto& [a, b] : windows) {
    if (!is_resolved(a) || !is_resolved(b)) continue;
    logs.push_back(std::log(b.J / a.J));
    random += square(a.U_random_J / a.J) + square(b.U_random_J / b.J);
    first += square(a.U_J / a.J);
    further += square(b.U_J / b.J);
  }
  if (logs.empty()) return result;
  const auto n = static_cast<double>(logs.size());
  const auto spread = statistics(logs);
  const double by_meters = std::sqrt(random) / n;                            // of the mean of independent windows
  const double half = std::fmax((spread.high - spread.low) / 2, by_meters);  // fmax: of those that are known
  result.windows = logs.size();
  result.ratio = std::exp(spread.mean);
  result.low = std::exp(spread.mean - half);
  result.high = std::exp(spread.mean + half);
  result.U_first_rel = std::sqrt(first / n);
  result.U_further_rel = std::sqrt(further / n);
  return result;
}

MeterVerdict verdict_of(const MeterRatio& ratio) {
  const double allowed = std::hypot(ratio.U_first_rel, ratio.U_further_rel) + std::log(ratio.high / ratio.low) / 2;
  if (std::isnan(allowed) || std::isnan(ratio.ratio)) return MeterVerdict::not_stated;
  return std::abs(std::log(ratio.ratio)) <= allowed ? MeterVerdict::agree : MeterVerdict::differ;
}

std::string sentence(const MeterRatio& ratio, std::string_view first, std::string_view further) {
  if (ratio.windows == 0) return fmt::format("{}: no window in which it and {} both have joules", further, first);
  const double half = (ratio.high - ratio.low) / 2;
  auto text = fmt::format("{}: {} times the joules of {} over {} window{}", further, with_uncertainty(ratio.ratio, half), first,
                          ratio.windows, ratio.windows == 1 ? "" : "s");
  if (std::isnan(ratio.U_first_rel) && std::isnan(ratio.U_further_rel)) return text + "; neither states an accuracy";
  text += fmt::format("; accuracies stated (k=2): {} and {}", percent(ratio.U_further_rel), percent(ratio.U_first_rel));
  switch (verdict_of(ratio)) {
    case MeterVerdict::agree:
      return text + ", so they agree";
    case MeterVerdict::differ:
      return text + ": they differ by more than both allow, so one is wrong, or they do not measure one supply";
    default:
      return text;
  }
}

}  // namespace tbft::results
