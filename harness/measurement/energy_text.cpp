#include "harness/measurement/energy_text.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace tbft {

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

std::string sampler_text(const power::Monitor& monitor) {
  const auto stats = monitor.sampler();
  const auto meter = monitor.meter();
  return fmt::format("sampler   {} deadlines missed, {:.3f} s of CPU\nmeter     {}: {}{}\n", stats.missed, stats.cpu_s,
                     meter.uri, meter.description, meter.measured ? "" : " (not a measurement)");
}

std::vector<std::string> sampler_warnings(const power::Monitor& monitor, const std::string& trace) {
  std::vector<std::string> lines;
  const auto meter = monitor.meter();
  if (!meter.note.empty()) lines.push_back(meter.note);
  if (auto text = power::shortfall(monitor.sampler(), meter); !text.empty()) lines.push_back(std::move(text));
  if (const auto lost = monitor.lost_in_trace(); lost > 0) {
    lines.push_back(fmt::format(
        "{}: the disk stalled, and {} readings are missing there (marked as a gap); the joules have them", trace, lost));
  }
  return lines;
}

}  // namespace tbft
