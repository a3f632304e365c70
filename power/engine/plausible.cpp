#include "tbft/power/plausible.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tbft::power {
namespace {

constexpr double enough_steps = 20;  // of a counter; it must rise within this many
constexpr std::size_t enough_readings = 20;
constexpr double busy_processors = 0.1;  // with more busy processors the machine draws power
constexpr double apart_pct = 50;         // percent of all processors
constexpr double least_load_W = 1;       // of a busy machine; bounds the time that a coarse counter takes for a step

bool is_device(const MeterInfo& meter) {
  const bool sum_with_lines = meter.uri.starts_with("sum:") && meter.uri.find("=lines:") != std::string::npos;
  return meter.measured && !meter.uri.starts_with("exec:") && !meter.uri.starts_with("lines:") && !sum_with_lines;
}

// The longest time of a counter's step: at least its period, and the time for its resolution at the least load.
double step_s(const MeterInfo& meter) {
  return std::max(meter.nominal_period_s, meter.accuracy.resolution_J / least_load_W);
}

bool is_constant(const Energy& energy) {
  return energy.valid && energy.samples >= enough_readings && energy.least_W == energy.max_W;
}

StandsStill counter_stands_still(const MeterInfo& meter, const WatchedEnergy& work) {
  const Energy& e = *work.energy;
  if (e.energy_J != 0 || !(e.duration_s >= enough_steps * step_s(meter))) return {};
  const std::string what = fmt::format("the counter stood still: it did not rise in {:.3g} s", e.duration_s);
  if (work.busy_processors >= busy_processors)
    return {.invalid =
                fmt::format("{} although processors were busy: {} does not work (choose another meter)", what, meter.uri)};
  return {.warning = what};
}

}  // namespace

double lower_bound_J(const Energy& energy) {
  const double U_J = std::isfinite(energy.U_J) ? energy.U_J : energy.U_random_J;
  return energy.energy_J - (std::isfinite(U_J) ? U_J : 0);
}

std::string negative_reason(const Energy& energy) {
  const double U_J = energy.energy_J - lower_bound_J(energy);
  if (!energy.valid || !(energy.energy_J < -U_J)) return {};
  return fmt::format(
      "negative energy ({:.4g} J): the current is measured the other way round (swap the shunt's VIN+ and VIN-) or the device "
      "feeds power back",
      energy.energy_J);
}

std::string negative_reason(const NetEnergy& net, const Energy& gross) {
  const double U_J = std::isfinite(net.U_net_J) ? net.U_net_J : net.U_random_net_J;
  // The difference of two large equal numbers is 0 except for rounding.
  const double rounding_J = 1e-9 * std::abs(gross.energy_J);
  if (!(net.net_J < -std::max(std::isfinite(U_J) ? U_J : 0, rounding_J))) return {};
  return fmt::format("negative net energy ({:.4g} J): the machine drew more while idle than while it worked", net.net_J);
}

StandsStill stands_still(const MeterInfo& meter, const WatchedEnergy& work, std::span<const WatchedEnergy> idle) {
  const Energy& e = *work.energy;
  if (!is_device(meter) || !e.valid) return {};
  if (meter.counter) return counter_stands_still(meter, work);
  if (e.least_W == 0 && e.max_W == 0)
    return {.invalid = "the sensor reads exactly 0 W: no current flows through it, or its driver has no values"};
  if (!is_constant(e)) return {};
  const std::string what = fmt::format("all {} readings are {:.6g} W", e.samples, e.max_W);
  const auto same_while_idle = [&](const WatchedEnergy& window) {
    return is_constant(*window.energy) && window.energy->max_W == e.max_W && work.busy_pct - window.busy_pct > apart_pct;
  };
  if (!idle.empty() && std::ranges::all_of(idle, same_while_idle))
    return {.invalid = fmt::format("the sensor stood still: {} while idle and while busy", what)};
  return {.warning = fmt::format("{}: does the sensor follow the load?", what)};
}

void refuse_implausible(Energy& energy, const MeterInfo& meter) {
  std::string reason = negative_reason(energy);
  if (reason.empty()) reason = stands_still(meter, {.energy = &energy, .busy_processors = 1}, {}).invalid;
  if (!reason.empty()) invalidate(energy, std::move(reason));
}

}  // namespace tbft::power
