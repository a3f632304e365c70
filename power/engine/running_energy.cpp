#include "tbft/power/running_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tbft::power {
namespace {

constexpr double k = 2;                // coverage factor of every U
constexpr double min_coverage = 0.95;  // share of the window
constexpr double sqrt3 = std::numbers::sqrt3;

double square(double x) {
  return x * x;
}
TimeNs gap_limit(const MeterInfo& meter) {
  return from_seconds(meter.gap_limit_s > 0 ? meter.gap_limit_s : default_gap_limit_s(meter.nominal_period_s));
}
TimeNs limit_at_edge(TimeNs limit, const MeterInfo& meter) {
  constexpr TimeNs counter_limit = 1'000'000'000;
  return meter.counter ? std::max(limit, counter_limit) : limit;
}
double lerp_at(TimeNs t, TimeNs ta, double a, TimeNs tb, double b) {
  return tb == ta ? b : a + (b - a) * (to_seconds(t - ta) / to_seconds(tb - ta));
}

}  // namespace

bool is_sample(const Reading& reading, const MeterInfo& meter) {
  return (reading.flags & repeated) == 0 && std::isfinite(meter.counter ? reading.energy_J : reading.power_W);
}

TimeNs edge_limit(const MeterInfo& meter) {
  return limit_at_edge(gap_limit(meter), meter);
}

TimeNs edge_reach(const MeterInfo& meter) {
  return from_seconds(meter.averaging_s + meter.latency_s);
}

void RunningEnergy::Range::add(double x) {
  low = std::min(low, x);
  high = std::max(high, x);
}

void RunningEnergy::Quantisation::add(double value, double J_per_unit) {
  if (step_ <= 0 || !std::isfinite(value) || !std::isfinite(J_per_unit)) return;
  const double code = shared_ ? 0 : std::round(value / step_);
  if (by_code_.size() < most_codes) {
    by_code_[code] += J_per_unit;
  } else if (const auto known = by_code_.find(code); known != by_code_.end()) {
    known->second += J_per_unit;
  } else {
    rest_ += square(J_per_unit);
  }
}

double RunningEnergy::Quantisation::variance_J2(double step) const {
  double sum = rest_ * square(step) / 12;
  for (const auto& [code, weight] : by_code_) sum += square(weight * step) / 12;
  return sum;
}

RunningEnergy::RunningEnergy(TimeNs t0_ns, const MeterInfo& meter)
    : meter_(&meter),
      t0_ns_(t0_ns),
      limit_(gap_limit(meter)),
      reach_(edge_reach(meter)),
      codes_A_(meter.accuracy.resolution_A, meter.accuracy.one_rounding),
      codes_V_(meter.accuracy.resolution_V, meter.accuracy.one_rounding),
      codes_W_(meter.accuracy.resolution_W, meter.accuracy.one_rounding) {}

void RunningEnergy::add(const Reading& reading) {
  if (complete()) return;
  asleep_ = asleep_ || (reading.flags & asleep) != 0;
  if (!is_sample(reading, *meter_)) {
    failed_ = failed_ || (reading.flags & repeated) == 0;
    return;
  }
  if (have_last_ && reading.t_ns <= t0_ns_) restart();  // the last sample at or before the start is used
  if (!have_last_) failed_ = asleep_ = false;
  sample(reading);
  failed_ = asleep_ = false;
}

void RunningEnergy::restart() {
  const TimeNs t1_ns = t1_ns_;
  *this = RunningEnergy(t0_ns_, *meter_);
  t1_ns_ = t1_ns;
}

void RunningEnergy::sample(const Reading& r) {
  const bool inside = r.t_ns >= t0_ns_ && r.t_ns <= t1_ns_;
  // A counter's flag applies to the interval that ends here, which may lie before the window.
  const bool at_end = (r.flags & saturated) != 0 && (!meter_->counter || have_last_);
  saturated_ += at_end ? 1 : 0;
  clipped_ = clipped_ || (at_end && std::isfinite(r.power_W));
  samples_ += inside ? 1 : 0;
  if (!have_last_) {
    first_ns_ = r.t_ns;
    const TimeNs length = uncovered(t0_ns_, r.t_ns);
    gaps_s_ += to_seconds(length);
    longest_ = std::max(longest_, length);
  } else {
    const bool gap =
        failed_ || (last_.flags & gap_begins) != 0 || (r.flags & reinitialised) != 0 || r.t_ns - last_.t_ns > limit_;
    interval(last_, r, gap);
  }
  if (!meter_->counter) {
    range_.add(r.power_W);
    if (inside) inside_.add(r.power_W);
    watch_edges(r.t_ns, r.t_ns, r.power_W);
  }
  last_ = r;
  have_last_ = true;
  if (!complete()) limit_ = gap_limit(*meter_);
}

Energy RunningEnergy::finish() const {
  const TimeNs rest = uncovered(have_last_ ? last_.t_ns : t0_ns_, t1_ns_);
  Energy e;
  e.duration_s = to_seconds(t1_ns_ - t0_ns_);
  e.samples = samples_;
  if (e.duration_s > 0) {
    e.distinct_hz = static_cast<double>(samples_) / e.duration_s;
    e.coverage_pct = 100 * (1 - (gaps_s_ + to_seconds(rest)) / e.duration_s);
    e.longest_gap_s = to_seconds(std::max(longest_, rest));
  }
  const std::string problem = why_invalid(e);
  e.reason = samples_ == 0 && e.duration_s > 0 ? std::string(no_reading_inside) : problem;
  e.valid = e.reason.empty();
  if (!problem.empty()) return e;  // a part of several whose only problem is that no reading lies inside is still interpolated

  e.energy_J = meter_->counter ? J_at_t1_ - J_at_t0_ : sum_J_;
  e.mean_W = e.energy_J / e.duration_s;
  e.max_W = samples_ > 0 ? inside_.high : unknown;
  e.least_W = samples_ > 0 ? inside_.low : unknown;
  budget(e);
  // Checked after the uncertainty budget, because the readings are complete but their sum overflows.
  if (!std::isfinite(e.energy_J)) invalidate(e, fmt::format("readings of up to {:.3g} W are too large to add up", e.max_W));
  return e;
}

// The time at an end of the window in which there is no reading.
TimeNs RunningEnergy::uncovered(TimeNs from, TimeNs to) const {
  return std::max<TimeNs>(std::min(to, t1_ns_) - std::max(from, t0_ns_), 0);
}

void RunningEnergy::interval(const Reading& a, const Reading& b, bool gap) {
  const TimeNs from = std::max(a.t_ns, t0_ns_);
  const TimeNs to = std::min(b.t_ns, t1_ns_);
  if (meter_->counter) {
    if (b.energy_J < a.energy_J) backwards_ = true;
    if (to > from && (b.flags & reinitialised) != 0) reset_ = true;
    if (a.t_ns <= t0_ns_) J_at_t0_ = lerp_at(t0_ns_, a.t_ns, a.energy_J, b.t_ns, b.energy_J);
    if (b.t_ns >= t1_ns_) J_at_t1_ = lerp_at(t1_ns_, a.t_ns, a.energy_J, b.t_ns, b.energy_J);
  }
  if (asleep_ && b.t_ns >= t0_ns_ && a.t_ns <= t1_ns_) slept_inside_ = true;
  if (to <= from) {  // a step: two readings at one instant
    last_step_W_ = 0;
    return;
  }
  const double length_s = to_seconds(to - from);
  longest_ = std::max(longest_, to - from);
  double step_W = 0;
  if (meter_->counter) {
    const double rise_J = b.energy_J - a.energy_J;
    if (rise_J > 0) smallest_rise_J_ = std::min(smallest_rise_J_, rise_J);
    stood_ = stood_ || rise_J == 0;
    const double mean_W = rise_J / to_seconds(b.t_ns - a.t_ns);
    range_.add(mean_W);
    inside_.add(mean_W);
    watch_edges(a.t_ns, b.t_ns, mean_W);
    note_ends(a, b, mean_W, mean_W);
    // A counter that sums samples misses the power between them, so its mean powers vary by what they missed.
    if (meter_->current_share < 1 && have_mean_) step_W = mean_W - last_mean_W_;
    last_mean_W_ = mean_W;
    have_mean_ = true;
    volt_seconds_ += (a.volts_V + b.volts_V) / 2 * length_s;  // unknown if the meter has only a count
    amp_seconds_ += (a.amps_A + b.amps_A) / 2 * length_s;
  } else {
    const auto at = [&](TimeNs t, double Reading::*member) { return lerp_at(t, a.t_ns, a.*member, b.t_ns, b.*member); };
    const auto area = [&](double Reading::*member) { return (at(from, member) + at(to, member)) / 2 * length_s; };
    sum_J_ += area(&Reading::power_W);
    note_ends(a, b, at(t0_ns_, &Reading::power_W), at(t1_ns_, &Reading::power_W));
    volt_seconds_ += area(&Reading::volts_V);
    amp_seconds_ += area(&Reading::amps_A);
    for (const Reading* r : {&a, &b}) {
      codes_A_.add(r->amps_A, r->volts_V * length_s / 2);
      codes_V_.add(r->volts_V, r->amps_A * length_s / 2);
      codes_W_.add(r->power_W, length_s / 2);
    }
    step_W = b.power_W - a.power_W;
  }
  if (a.t_ns <= t0_ns_) edge_s_[0] = to_seconds(b.t_ns - a.t_ns);
  if (b.t_ns >= t1_ns_) edge_s_[1] = to_seconds(b.t_ns - a.t_ns);
  if (gap) {
    gaps_s_ += length_s;
    if (!meter_->counter) gaps_s2_ += square(length_s);
    step_W = 0;  // the term for gaps includes it
  } else if (!meter_->counter || meter_->current_share < 1) {
    // A reading covers the part of the interval in which the meter converts the current.
    const double covered = meter_->counter ? 1 : std::min(1.0, meter_->averaging_s / length_s);
    const double seen = meter_->current_share * covered;
    const double unseen_s = (1 - seen) * length_s;
    steps_J2_ += square(unseen_s * step_W) / 12;
    // For independent samples, the term for steps already includes a sixth of the variance.
    const double share = 1 - seen - square(1 - seen) / 6;
    reversals_J2_ -= share * length_s * last_length_s_ * step_W * last_step_W_;
  }
  last_step_W_ = step_W;
  last_length_s_ = length_s;
}

// Takes the powers at the two ends of the window.
void RunningEnergy::note_ends(const Reading& a, const Reading& b, double at_t0_W, double at_t1_W) {
  if (a.t_ns <= t0_ns_) end_W_[0] = at_t0_W;
  if (b.t_ns >= t1_ns_) end_W_[1] = at_t1_W;
}

// Collects powers near the edges: from the reading beyond an edge to the first reading inside that the edge cannot have
// blurred.
void RunningEnergy::watch_edges(TimeNs from, TimeNs to, double power_W) {
  if (!start_seen_) {
    edge_W_[0].add(power_W);
    start_seen_ = from >= t0_ns_ + reach_ && from > t0_ns_;
  }
  if (to <= t1_ns_ - reach_ && to < t1_ns_) edge_W_[1] = Range{};
  edge_W_[1].add(power_W);
}

std::string RunningEnergy::why_invalid(const Energy& e) const {
  if (t1_ns_ <= t0_ns_) return "the window has no duration";
  if (!have_last_) return std::string(no_reading_inside);
  const TimeNs edge = limit_at_edge(limit_, *meter_);
  if (first_ns_ > t0_ns_ || t0_ns_ - first_ns_ > edge) return "no reading at or just before the start";
  if (last_.t_ns < t1_ns_ || last_.t_ns - t1_ns_ > edge) return "no reading at or just after the end";
  if (saturated_ > 0) {
    return clipped_ ? fmt::format("{} saturated readings: the sensor's range is too small", saturated_)
                    : "the counter may have wrapped more than once between two readings";
  }
  if (backwards_) return "the counter went backwards";
  if (reset_) return "the counter was reset, so the energy up to its first reading after that is unknown";
  if (slept_inside_) return "a gap: the machine was suspended within the window";
  // A counter loses nothing between two readings, so its gaps do not count.
  if (!meter_->counter && e.coverage_pct < 100 * min_coverage) {
    return fmt::format("gaps: only {:.1f} % of the window is covered; {:.0f} % is required", e.coverage_pct,
                       100 * min_coverage);
  }
  return {};
}

// The equations are in docs/uncertainty.md.
void RunningEnergy::budget(Energy& e) const {
  const Accuracy& accuracy = meter_->accuracy;
  // Of equal values the rounding is equal, in each window. So is the lateness of a meter, but not that of a counter, which is
  // read late at each end by itself.
  double repeating_J2 = codes_A_.variance_J2(accuracy.resolution_A) + codes_V_.variance_J2(accuracy.resolution_V) +
                        codes_W_.variance_J2(accuracy.resolution_W);
  double random_J2 = steps_J2_ + std::max(0.0, reversals_J2_);
  double& late_J2 = meter_->counter ? random_J2 : repeating_J2;
  // A counter that did not rise between some readings has a real step equal to its smallest rise, which may exceed its unit.
  const double step_J =
      stood_ && std::isfinite(smallest_rise_J_) ? std::max(accuracy.resolution_J, smallest_rise_J_) : accuracy.resolution_J;
  random_J2 += meter_->counter ? square(step_J) / 6 : 0;
  random_J2 += gaps_s2_ * square(range_.width()) / 12;
  for (int edge = 0; edge < 2; ++edge) {
    const double range_W2 = square(edge_W_[edge].width());
    random_J2 += range_W2 * (square(edge_s_[edge]) + square(meter_->averaging_s)) / 12;
    late_J2 += range_W2 * square(meter_->latency_s) / 12;
  }
  // Late time stamps shift the window relative to the load.
  late_J2 += square(meter_->latency_s) / 12 *
             (meter_->counter ? square(end_W_[0]) + square(end_W_[1]) : square(end_W_[1] - end_W_[0]));
  random_J2 += repeating_J2;
  e.U_repeating_J = k * std::sqrt(repeating_J2);
  e.U_random_J = k * std::sqrt(random_J2);

  if (accuracy.gain_limit_rel) e.u_rel_gain = *accuracy.gain_limit_rel / sqrt3;
  if (accuracy.offset_limit_A) {
    const auto term = [&](double limit, double integral) { return limit == 0 ? 0 : limit / sqrt3 * integral / e.duration_s; };
    e.u_offset_by_A_W = term(*accuracy.offset_limit_A, volt_seconds_);
    e.u_offset_by_V_W = term(accuracy.offset_limit_V.value_or(0), amp_seconds_);
    e.u_offset_W = std::hypot(e.u_offset_by_A_W, e.u_offset_by_V_W);
  } else if (accuracy.offset_limit_W) {
    e.u_offset_by_A_W = e.u_offset_W = *accuracy.offset_limit_W / sqrt3;
    e.u_offset_by_V_W = 0;
  } else if (meter_->counter) {
    e.u_offset_by_A_W = e.u_offset_by_V_W = e.u_offset_W = 0;  // only the gain of a counter is stated
  }
  e.U_J = k * std::sqrt(square(e.u_rel_gain * e.energy_J) + square(e.u_offset_W * e.duration_s) + random_J2);
}

}  // namespace tbft::power
