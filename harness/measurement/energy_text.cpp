#include "harness/measurement/energy_text.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "harness/measurement/energy_row.h"
#include "results/meter_ratio.h"
#include "results/statistics.h"

namespace tbft {

namespace {

std::string line_of(const char* name, std::span<const double> values, std::size_t all, const char* unit) {
  // If some repetitions have no value there is no mean, because those without a reading are the short ones, so the mean would
  // be too high.
  if (values.empty()) return "";
  if (values.size() < all)
    return fmt::format("{:<9} no mean: only {} of {} repetitions have a value, and the others may differ\n", name,
                       values.size(), all);
  const auto s = results::statistics(values);
  std::string text = fmt::format("{:<9} {:.4g} {} mean of {}", name, s.mean, unit, s.n);
  if (s.n > 1)
    text += fmt::format(", standard deviation {:.2g}, 95 % interval of the mean {:.4g} to {:.4g}", s.sd, s.low, s.high);
  return text + "\n";
}

}  // namespace

std::string plus_minus(double U_J, double U_random_J) {
  if (std::isfinite(U_J)) return fmt::format(" +- {:.3g} J (k=2)", U_J);
  if (std::isfinite(U_random_J))
    return fmt::format(" +- {:.2g} J (k=2, random part only: the meter's accuracy is unknown)", U_random_J);
  return "";
}

std::string energy_text(const power::Energy& gross, const power::NetEnergy& net) {
  std::string text = gross.valid
                         ? fmt::format("gross     {:.4g} J{}\n", gross.energy_J, plus_minus(gross.U_J, gross.U_random_J))
                         : fmt::format("invalid   {}\n", gross.reason);
  if (std::isfinite(net.net_J)) {
    text += fmt::format("net       {:.4g} J{}\n", net.net_J, plus_minus(net.U_net_J, net.U_random_net_J));
    text += fmt::format("idle      {:.4g} W, {:+.2g} W from before to after\n", net.idle_W, net.idle_drift_W);
  }
  text += fmt::format("duration  {:.6f} s\n", gross.duration_s);
  if (gross.valid) text += fmt::format("power     {:.4g} W mean, {:.4g} W max\n", gross.mean_W, gross.max_W);
  text += fmt::format("readings  {} distinct", gross.samples);
  if (std::isfinite(gross.distinct_hz)) text += fmt::format(", {:.1f} Hz", gross.distinct_hz);
  if (std::isfinite(gross.coverage_pct))
    text += fmt::format(", {:.1f} % covered, longest gap {:.3g} s", gross.coverage_pct, gross.longest_gap_s);
  return text + "\n";
}

std::string results_text(std::span<const WindowResult> all) {
  if (all.size() == 1) return energy_text(all.front().gross, all.front().net);
  std::string text;
  std::vector<double> gross_J, net_J, duration_s;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& gross = all[i].gross;
    const auto& net = all[i].net;
    text += fmt::format("{:>3}       {:.6f} s, ", i + 1, gross.duration_s);
    text += gross.valid ? fmt::format("gross {:.4g} J{}", gross.energy_J, plus_minus(gross.U_J, gross.U_random_J))
                        : "invalid: " + gross.reason;
    if (std::isfinite(net.net_J)) text += fmt::format(", net {:.4g} J, idle {:.4g} W", net.net_J, net.idle_W);
    text += "\n";
    duration_s.push_back(gross.duration_s);
    if (gross.valid) gross_J.push_back(gross.energy_J);
    if (std::isfinite(net.net_J)) net_J.push_back(net.net_J);
  }
  return text + line_of("gross", gross_J, all.size(), "J") + line_of("net", net_J, all.size(), "J") +
         line_of("duration", duration_s, all.size(), "s") +
         "The interval shows how repeatable the command is. It excludes the meter's error (gain, offset), which all "
         "repetitions share.\n";
}

std::string sampler_text(const power::Monitor& monitor) {
  const auto stats = monitor.sampler();
  const auto meter = monitor.meter();
  return fmt::format("sampler   {} deadlines missed, {:.3f} s of CPU\nmeter     {}: {}{}\n", stats.missed, stats.cpu_s,
                     meter.uri, meter.description, meter.measured ? "" : " (not a measurement)");
}

std::string meters_text(std::span<const std::vector<WindowResult>> by_meter, const std::vector<power::Monitor*>& monitors) {
  std::string text = results_text(by_meter.front()) + sampler_text(*monitors.front());
  const auto first = monitors.front()->meter();
  for (std::size_t i = 1; i < by_meter.size(); ++i) {
    const auto meter = monitors[i]->meter();
    text += fmt::format("\nThe same by meter {}:\n", i + 1) + results_text(by_meter[i]) + sampler_text(*monitors[i]);
    if (meter.scope != first.scope) continue;
    std::vector<results::PairedJoules> pairs;
    for (std::size_t k = 0; k < by_meter[i].size(); ++k)
      pairs.push_back({joules_of(by_meter[0][k].gross, first), joules_of(by_meter[i][k].gross, meter)});
    text += fmt::format("ratio     {}\n", results::sentence(results::meter_ratio(pairs), first.uri, meter.uri));
  }
  return text;
}

std::vector<std::string> sampler_warnings(const power::Monitor& monitor, const std::string& trace) {
  std::vector<std::string> lines;
  const auto meter = monitor.meter();
  if (!meter.note.empty()) lines.push_back(meter.note);
  if (auto text = power::shortfall(monitor.sampler(), meter); !text.empty()) lines.push_back(std::move(text));
  if (const auto lost = monitor.lost_in_trace(); lost > 0) {
    lines.push_back(fmt::format(
        "{}: the disk stalled, so that {} readings are missing there (marked as a gap); the joules include them", trace, lost));
  }
  return lines;
}

}  // namespace tbft
