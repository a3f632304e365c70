#include "power/meters/sum_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace tbft::power {
namespace {

// limit x value in watts; 0 for a limit of 0, whatever the value.
double product(double limit, double value) {
  return limit == 0 ? 0 : limit * value;
}

// The limit of a part's offset in watts; unknown (NaN) as for a meter alone (RunningEnergy).
double offset_limit_W(const PartAccuracy& part) {
  const Accuracy& a = part.accuracy;
  if (a.offset_limit_A) {
    return product(*a.offset_limit_A, part.largest.volts_V) + product(a.offset_limit_V.value_or(0), part.largest.amps_A) +
           a.offset_limit_W.value_or(0);
  }
  if (a.offset_limit_W) return *a.offset_limit_W;
  return part.counter ? 0 : unknown;
}

double squared_step_W(const PartAccuracy& part) {
  const auto square = [](double step) { return std::isfinite(step) ? step * step : 0; };  // no reading yet
  const Accuracy& a = part.accuracy;
  return square(product(a.resolution_A, part.largest.volts_V)) + square(product(a.resolution_V, part.largest.amps_A)) +
         square(a.resolution_W);
}

std::optional<double> known(double x) {
  return std::isfinite(x) ? std::optional(x) : std::nullopt;
}

// For how many of the `period_s` seconds between two of the sum's readings a part averages.
double seen_s(const MeterInfo& part, double period_s) {
  if (part.averaging_s <= 0) return 0;
  if (part.counter || part.nominal_period_s <= 0 || part.nominal_period_s >= period_s) return part.averaging_s;
  // The mean of several readings.
  return part.averaging_s <= part.nominal_period_s ? part.averaging_s * period_s / part.nominal_period_s
                                                   : part.averaging_s + period_s - part.nominal_period_s;
}

// Sets averaging_s and current_share so that no part counts as better covered than it is.
void set_coverage(MeterInfo& sum, std::span<const MeterInfo> parts) {
  for (const MeterInfo& part : parts) sum.averaging_s = std::max(sum.averaging_s, seen_s(part, sum.nominal_period_s));
  for (const MeterInfo& part : parts) {
    const double covered = sum.counter || sum.averaging_s == 0 ? 1 : seen_s(part, sum.nominal_period_s) / sum.averaging_s;
    sum.current_share = std::min(sum.current_share, part.current_share * covered);
  }
}

// "cpu: TEXT; soc: TEXT" of the parts that have one.
std::string joined(std::span<const std::string> names, std::span<const MeterInfo> infos, std::string MeterInfo::*text) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!(infos[i].*text).empty()) texts.push_back(fmt::format("{}: {}", names[i], infos[i].*text));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string description_of(std::span<const std::string> names, std::span<const MeterInfo> infos) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < names.size(); ++i) texts.push_back(fmt::format("{} ({})", names[i], infos[i].description));
  return fmt::format("sum of {}", fmt::join(texts, ", "));
}

}  // namespace

MeterInfo info_of_sum(const std::string& uri, const std::optional<double>& gap_limit_s, std::span<const std::string> names,
                      std::span<const MeterInfo> infos) {
  const auto all = [&](auto holds) { return std::ranges::all_of(infos, holds); };
  const auto largest = [&](double MeterInfo::*member) { return (*std::ranges::max_element(infos, {}, member)).*member; };
  MeterInfo sum;
  sum.uri = uri;
  sum.description = description_of(names, infos);
  sum.scope = all([&](const MeterInfo& part) { return part.scope == infos.front().scope; }) ? infos.front().scope : Scope::rail;
  sum.measured = all([](const MeterInfo& part) { return part.measured; });
  sum.counter = infos.front().counter;
  sum.paces_itself = all([](const MeterInfo& part) { return part.paces_itself; });
  sum.nominal_period_s = largest(&MeterInfo::nominal_period_s);
  set_coverage(sum, infos);
  sum.latency_s = largest(&MeterInfo::latency_s);
  sum.gap_limit_s = gap_limit_s.value_or(std::max(largest(&MeterInfo::gap_limit_s), default_gap_limit_s(sum.nominal_period_s)));
  sum.note = joined(names, infos, &MeterInfo::note);
  sum.assumption = joined(names, infos, &MeterInfo::assumption);
  return sum;
}

Accuracy accuracy_of_sum(std::span<const PartAccuracy> parts) {
  double gain = 0, gain_from_offsets_W = 0, largest_W = 0;
  double offset_W = 0;
  double step_W2 = 0, step_J2 = 0;
  for (const PartAccuracy& part : parts) {
    const double part_gain = part.accuracy.gain_limit_rel.value_or(unknown);
    gain = std::isnan(part_gain) || std::isnan(gain) ? unknown : std::max(gain, part_gain);
    if (part.accuracy.offset_limit_A)
      gain_from_offsets_W += product(part.accuracy.offset_limit_V.value_or(0), part.largest.amps_A);
    largest_W += part.largest.power_W;
    offset_W += offset_limit_W(part);
    step_W2 += squared_step_W(part);
    step_J2 += part.accuracy.resolution_J * part.accuracy.resolution_J;
  }
  // The largest gain bounds the error of powers of one sign. A negative one makes the sum smaller and the error larger.
  for (const PartAccuracy& part : parts) {
    if (part.largest.reverse_W > 0 && std::isfinite(gain)) offset_W += 2 * gain * part.largest.reverse_W;
  }
  if (gain_from_offsets_W != 0) gain = largest_W > 0 ? std::hypot(gain, gain_from_offsets_W / largest_W) : unknown;
  return {.gain_limit_rel = known(gain),
          .offset_limit_W = known(offset_W),
          .resolution_W = std::sqrt(step_W2),
          .resolution_J = std::sqrt(step_J2),
          .one_rounding = true};
}

}  // namespace tbft::power
