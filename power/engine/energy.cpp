#include "tbft/power/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tbft/power/running_energy.h"

namespace tbft::power {
namespace {

constexpr double k = 2;  // coverage factor of every U
constexpr double sqrt3 = std::numbers::sqrt3;

double square(double x) {
  return x * x;
}

}  // namespace

Energy energy(std::span<const Reading> readings, const Window& window, const MeterInfo& meter) {
  const Energy part = energy_part(readings, window, meter);
  return combine(std::span(&part, 1));
}

Energy energy_part(std::span<const Reading> readings, const Window& window, const MeterInfo& meter,
                   std::span<const MeterChange> changes) {
  // From the last sample at or before the start to the first at or after the end.
  auto begin = std::ranges::upper_bound(readings, window.t0_ns, {}, &Reading::t_ns);
  for (auto it = begin; it != readings.begin();) {
    if (is_sample(*--it, meter)) {
      begin = it;
      break;
    }
  }
  MeterInfo present = meter;  // as of the reading that is added next; `running` refers to it
  auto change = changes.begin();
  const auto follow_changes_up_to = [&](auto reading) {
    for (; change != changes.end() && change->reading <= static_cast<std::size_t>(reading - readings.begin()); ++change) {
      present.averaging_s = change->averaging_s;
      present.current_share = change->current_share;
      present.gap_limit_s = change->gap_limit_s;
    }
  };
  follow_changes_up_to(begin);
  RunningEnergy running(window.t0_ns, present);
  running.close(window.t1_ns);
  for (auto it = begin; it != readings.end() && !running.complete(); ++it) {
    follow_changes_up_to(it);
    running.add(*it);
  }
  return running.finish();
}

Energy combine(std::span<const Energy> parts) {
  Energy all;
  if (parts.empty()) {
    all.reason = "no window of this name";
    return all;
  }
  all.valid = true;
  all.energy_J = 0;
  double covered_s = 0;
  double offset_by_A_J = 0, offset_by_V_J = 0;
  double random_J2 = 0, repeating_J = 0;
  for (const Energy& part : parts) {
    const bool interpolated = part.reason == no_reading_inside && std::isfinite(part.energy_J);
    if (!part.valid && !interpolated && all.valid) {
      all.valid = false;
      all.reason = parts.size() == 1 ? part.reason : fmt::format("a part of the window: {}", part.reason);
    }
    all.energy_J += part.energy_J;
    all.duration_s += part.duration_s;
    all.samples += part.samples;
    all.max_W = std::fmax(all.max_W, part.max_W);
    all.least_W = std::fmin(all.least_W, part.least_W);
    all.longest_gap_s = std::fmax(all.longest_gap_s, part.longest_gap_s);
    if (part.duration_s > 0) covered_s += part.coverage_pct / 100 * part.duration_s;
    // One device: its offsets are the same in all parts.
    offset_by_A_J += part.u_offset_by_A_W * part.duration_s;
    offset_by_V_J += part.u_offset_by_V_W * part.duration_s;
    const double own_J2 = square(part.U_random_J) - square(part.U_repeating_J);
    random_J2 += own_J2 < 0 ? 0 : own_J2;  // rounding may take it below 0; NaN stays unknown
    repeating_J += part.U_repeating_J;
  }
  if (all.duration_s > 0) {
    all.distinct_hz = static_cast<double>(all.samples) / all.duration_s;
    all.coverage_pct = 100 * covered_s / all.duration_s;
  }
  if (all.valid && all.samples == 0) {
    all.valid = false;
    all.reason = no_reading_inside;
    all.coverage_pct = unknown;  // there is no gap between two readings, but no reading inside either
  }
  if (!all.valid) {
    invalidate(all, all.reason);
    return all;
  }
  all.mean_W = all.energy_J / all.duration_s;
  all.u_rel_gain = parts.front().u_rel_gain;
  all.u_offset_by_A_W = offset_by_A_J / all.duration_s;
  all.u_offset_by_V_W = offset_by_V_J / all.duration_s;
  all.u_offset_W = std::hypot(all.u_offset_by_A_W, all.u_offset_by_V_W);
  random_J2 += square(repeating_J);
  all.U_repeating_J = repeating_J;
  all.U_random_J = std::sqrt(random_J2);
  all.U_J = std::sqrt(square(k * all.u_rel_gain * all.energy_J) + square(k * all.u_offset_W * all.duration_s) + random_J2);
  return all;
}

void invalidate(Energy& energy, std::string reason) {
  energy.valid = false;
  energy.reason = std::move(reason);
  for (double Energy::*member :
       {&Energy::energy_J, &Energy::mean_W, &Energy::max_W, &Energy::least_W, &Energy::U_J, &Energy::U_random_J,
        &Energy::U_repeating_J, &Energy::u_rel_gain, &Energy::u_offset_W, &Energy::u_offset_by_A_W, &Energy::u_offset_by_V_W})
    energy.*member = unknown;
}

NetEnergy net(const Energy& gross, const Energy& idle_before, const Energy& idle_after) {
  NetEnergy result;
  if (!idle_before.valid || !idle_after.valid) return result;
  result.idle_W = (idle_before.mean_W + idle_after.mean_W) / 2;
  result.idle_drift_W = idle_after.mean_W - idle_before.mean_W;
  if (!gross.valid) return result;
  result.net_J = gross.energy_J - result.idle_W * gross.duration_s;

  // Idle power drifts between the two sides: all values between them are equally likely (rectangular, half-width half the
  // difference).
  const double drift_W = std::abs(idle_before.mean_W - idle_after.mean_W) / 2 / sqrt3;
  const double idle_U_W =
      std::hypot(idle_before.U_random_J / idle_before.duration_s, idle_after.U_random_J / idle_after.duration_s) / 2;
  result.U_random_net_J = std::hypot(gross.U_random_J, idle_U_W * gross.duration_s, k * drift_W * gross.duration_s);

  // One device: the gain acts on the net energy only, and the offsets cancel except for the effect of changed voltage and
  // current. An unknown offset makes U unknown here too, because it acts through a voltage that the load changes.
  const auto remains_W = [&](double Energy::*term) { return gross.*term - (idle_before.*term + idle_after.*term) / 2; };
  const double offset_W = std::hypot(remains_W(&Energy::u_offset_by_A_W), remains_W(&Energy::u_offset_by_V_W));
  result.U_net_J = std::hypot(result.U_random_net_J, k * gross.u_rel_gain * result.net_J, k * offset_W * gross.duration_s);
  return result;
}

}  // namespace tbft::power
