#include "power/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <unordered_map>

namespace tbft::power {
namespace {

constexpr double k = 2;                // coverage factor of every U
constexpr double min_coverage = 0.95;  // of the window
constexpr double sqrt3 = std::numbers::sqrt3;
constexpr std::string_view no_reading = "no reading inside";

double square(double x) {
  return x * x;
}
double lerp_at(TimeNs t, TimeNs ta, double a, TimeNs tb, double b) {
  return tb == ta ? b : a + (b - a) * (to_seconds(t - ta) / to_seconds(tb - ta));
}

// One kind of quantised value. Readings that show the same code share one rounding error; different codes err independently.
class Quantisation {
 public:
  explicit Quantisation(double step) : step_(step) {}
  // `J_per_unit`: how far an error of 1 (ampere, volt, watt) in this reading moves the energy.
  void add(double value, double J_per_unit) {
    if (step_ <= 0 || !std::isfinite(value) || !std::isfinite(J_per_unit)) return;
    by_code_[std::round(value / step_)] += J_per_unit;
  }
  double variance_J2() const {
    double sum = 0;
    for (const auto& [code, weight] : by_code_) sum += square(weight * step_) / 12;
    return sum;
  }

 private:
  double step_;
  std::unordered_map<double, double> by_code_;
};

// Smallest and largest of what it has seen.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  double width() const { return high > low ? high - low : 0; }
};

// Walks over the samples of one window, in order, and sums what the energy and its budget need.
class Integral {
 public:
  Integral(const Window& window, const MeterInfo& meter)
      : window_(window),
        meter_(meter),
        limit_(from_seconds(meter.gap_limit_s > 0 ? meter.gap_limit_s : default_gap_limit_s(meter.nominal_period_s))),
        reach_(from_seconds(meter.averaging_s + meter.latency_s)),
        codes_A_(meter.accuracy.resolution_A),
        codes_V_(meter.accuracy.resolution_V),
        codes_W_(meter.accuracy.resolution_W) {}

  bool is_sample(const Reading& r) const { return (r.flags & repeated) == 0 && std::isfinite(value(r)); }

  void sample(const Reading& r, bool after_failure) {
    const bool inside = r.t_ns >= window_.t0_ns && r.t_ns <= window_.t1_ns;
    // A counter's flag speaks of the interval that ends here, which may lie before the window.
    saturated_ += (r.flags & saturated) != 0 && (!meter_.counter || have_last_) ? 1 : 0;
    samples_ += inside ? 1 : 0;
    if (!have_last_) {
      first_ns_ = r.t_ns;
      uncovered(window_.t0_ns, r.t_ns);
    } else {
      const bool gap =
          after_failure || (last_.flags & gap_begins) != 0 || (r.flags & reinitialised) != 0 || r.t_ns - last_.t_ns > limit_;
      interval(last_, r, gap);
    }
    if (!meter_.counter) {
      range_.add(r.power_W);
      if (inside) inside_.add(r.power_W);
      watch_edges(r.t_ns, r.t_ns, r.power_W);
    }
    last_ = r;
    have_last_ = true;
  }

  Energy finish() {
    if (!have_last_) {
      uncovered(window_.t0_ns, window_.t1_ns);
    } else {
      uncovered(last_.t_ns, window_.t1_ns);
    }
    Energy e;
    e.duration_s = to_seconds(window_.t1_ns - window_.t0_ns);
    e.samples = samples_;
    if (e.duration_s > 0) {
      e.distinct_hz = static_cast<double>(samples_) / e.duration_s;
      e.coverage_pct = 100 * (1 - gaps_s_ / e.duration_s);
      e.longest_gap_s = to_seconds(longest_);
    }
    const std::string problem = why_invalid(e);
    e.reason = samples_ == 0 && e.duration_s > 0 ? std::string(no_reading) : problem;
    e.valid = e.reason.empty();
    if (!problem.empty()) return e;  // without a reading inside, but for nothing else, a part of many is still interpolated

    e.energy_J = meter_.counter ? J_at_t1_ - J_at_t0_ : sum_J_;
    e.mean_W = e.energy_J / e.duration_s;
    e.max_W = samples_ > 0 ? inside_.high : unknown;
    budget(e);
    return e;
  }

 private:
  double value(const Reading& r) const { return meter_.counter ? r.energy_J : r.power_W; }

  // Time without any reading at an end of the window.
  void uncovered(TimeNs from, TimeNs to) {
    const TimeNs length = std::min(to, window_.t1_ns) - std::max(from, window_.t0_ns);
    if (length <= 0) return;
    gaps_s_ += to_seconds(length);
    longest_ = std::max(longest_, length);
  }

  void interval(const Reading& a, const Reading& b, bool gap) {
    const TimeNs from = std::max(a.t_ns, window_.t0_ns);
    const TimeNs to = std::min(b.t_ns, window_.t1_ns);
    if (meter_.counter) {
      if (b.energy_J < a.energy_J) backwards_ = true;
      if (a.t_ns <= window_.t0_ns) J_at_t0_ = lerp_at(window_.t0_ns, a.t_ns, a.energy_J, b.t_ns, b.energy_J);
      if (b.t_ns >= window_.t1_ns) J_at_t1_ = lerp_at(window_.t1_ns, a.t_ns, a.energy_J, b.t_ns, b.energy_J);
    }
    if (to <= from) {  // a step: two readings at one instant
      last_step_W_ = 0;
      return;
    }
    const double length_s = to_seconds(to - from);
    longest_ = std::max(longest_, to - from);
    double step_W = 0;
    if (meter_.counter) {
      const double mean_W = (b.energy_J - a.energy_J) / to_seconds(b.t_ns - a.t_ns);
      range_.add(mean_W);
      inside_.add(mean_W);
      watch_edges(a.t_ns, b.t_ns, mean_W);
    } else {
      const auto at = [&](TimeNs t, double Reading::*member) { return lerp_at(t, a.t_ns, a.*member, b.t_ns, b.*member); };
      const auto area = [&](double Reading::*member) { return (at(from, member) + at(to, member)) / 2 * length_s; };
      sum_J_ += area(&Reading::power_W);
      volt_seconds_ += area(&Reading::volts_V);
      amp_seconds_ += area(&Reading::amps_A);
      for (const Reading* r : {&a, &b}) {
        codes_A_.add(r->amps_A, r->volts_V * length_s / 2);
        codes_V_.add(r->volts_V, r->amps_A * length_s / 2);
        codes_W_.add(r->power_W, length_s / 2);
      }
      step_W = b.power_W - a.power_W;
    }
    if (a.t_ns <= window_.t0_ns) edge_s_[0] = to_seconds(b.t_ns - a.t_ns);
    if (b.t_ns >= window_.t1_ns) edge_s_[1] = to_seconds(b.t_ns - a.t_ns);
    if (gap) {
      gaps_s_ += length_s;
      gaps_s2_ += square(length_s);
      step_W = 0;  // the gap's own term holds it
    } else if (!meter_.counter) {
      steps_J2_ += square(std::max(0.0, length_s - meter_.averaging_s) * step_W) / 12;
      reversals_J2_ -= length_s * last_length_s_ * step_W * last_step_W_;
    }
    last_step_W_ = step_W;
    last_length_s_ = length_s;
  }

  // Powers near the edges: from the reading beyond an edge to the first one on the inner side that the edge cannot have
  // blurred.
  void watch_edges(TimeNs from, TimeNs to, double power_W) {
    if (!start_seen_) {
      edge_W_[0].add(power_W);
      start_seen_ = from >= window_.t0_ns + reach_ && from > window_.t0_ns;
    }
    if (to <= window_.t1_ns - reach_ && to < window_.t1_ns) edge_W_[1] = Range{};
    edge_W_[1].add(power_W);
  }

  std::string why_invalid(const Energy& e) const {
    if (window_.t1_ns <= window_.t0_ns) return "the window has no duration";
    if (!have_last_) return std::string(no_reading);
    if (first_ns_ > window_.t0_ns || window_.t0_ns - first_ns_ > limit_) return "no reading at or just before the start";
    if (last_.t_ns < window_.t1_ns || last_.t_ns - window_.t1_ns > limit_) return "no reading at or just after the end";
    if (saturated_ > 0) {
      return meter_.counter ? "the counter may have wrapped more than once between two readings"
                            : fmt::format("{} saturated readings: the sensor's range is too small", saturated_);
    }
    if (backwards_) return "the counter went backwards";
    if (e.coverage_pct < 100 * min_coverage) {
      return fmt::format("gaps: only {:.1f} % of the window is covered, {:.0f} % is needed", e.coverage_pct,
                         100 * min_coverage);
    }
    return {};
  }

  // The equations are in power/README.md.
  void budget(Energy& e) const {
    const Accuracy& accuracy = meter_.accuracy;
    double random_J2 = codes_A_.variance_J2() + codes_V_.variance_J2() + codes_W_.variance_J2();
    random_J2 += meter_.counter ? square(accuracy.resolution_J) / 6 : 0;
    random_J2 += steps_J2_ + 5.0 / 6 * std::max(0.0, reversals_J2_);
    random_J2 += gaps_s2_ * square(range_.width()) / 12;
    for (int edge = 0; edge < 2; ++edge) {
      const double blur_s2 = square(edge_s_[edge]) + square(meter_.averaging_s) + square(meter_.latency_s);
      random_J2 += square(edge_W_[edge].width()) * blur_s2 / 12;
    }
    e.U_random_J = k * std::sqrt(random_J2);

    if (accuracy.gain_limit_rel) e.u_rel_gain = *accuracy.gain_limit_rel / sqrt3;
    if (meter_.counter) {
      e.u_offset_W = 0;
    } else if (accuracy.offset_limit_A) {
      const auto term = [&](double limit, double integral) { return limit == 0 ? 0 : limit / sqrt3 * integral / e.duration_s; };
      e.u_offset_W =
          std::hypot(term(*accuracy.offset_limit_A, volt_seconds_), term(accuracy.offset_limit_V.value_or(0), amp_seconds_));
    }
    e.U_J = k * std::sqrt(square(e.u_rel_gain * e.energy_J) + square(e.u_offset_W * e.duration_s) + random_J2);
  }

  const Window& window_;
  const MeterInfo& meter_;
  TimeNs limit_;
  TimeNs reach_;

  Reading last_;
  bool have_last_ = false;
  TimeNs first_ns_ = 0;
  std::size_t samples_ = 0;
  std::size_t saturated_ = 0;
  bool backwards_ = false;
  TimeNs longest_ = 0;
  double gaps_s_ = 0;

  double sum_J_ = 0;
  double J_at_t0_ = 0, J_at_t1_ = 0;
  double volt_seconds_ = 0, amp_seconds_ = 0;
  Range range_;   // of power, over all that was used
  Range inside_;  // of power, inside the window

  Quantisation codes_A_, codes_V_, codes_W_;
  double steps_J2_ = 0, reversals_J2_ = 0;
  double last_step_W_ = 0, last_length_s_ = 0;
  double gaps_s2_ = 0;
  double edge_s_[2] = {0, 0};  // spacing of the readings around each edge
  Range edge_W_[2];
  bool start_seen_ = false;
};

}  // namespace

Energy energy(std::span<const Reading> readings, const Window& window, const MeterInfo& meter) {
  const Energy part = energy_part(readings, window, meter);
  return combine(std::span(&part, 1));
}

Energy energy_part(std::span<const Reading> readings, const Window& window, const MeterInfo& meter) {
  Integral integral(window, meter);
  const auto sample = [&](const Reading& r) { return integral.is_sample(r); };

  // From the last sample at or before the start to the first at or after the end.
  auto begin = std::ranges::upper_bound(readings, window.t0_ns, {}, &Reading::t_ns);
  for (auto it = begin; it != readings.begin();) {
    if (sample(*--it)) {
      begin = it;
      break;
    }
  }
  bool failed = false;
  for (auto it = begin; it != readings.end(); ++it) {
    if (sample(*it)) {
      integral.sample(*it, failed);
      failed = false;
      if (it->t_ns >= window.t1_ns) break;
    } else {
      failed = failed || (it->flags & repeated) == 0;
    }
  }
  return integral.finish();
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
  double offset_J = 0;
  double random_J2 = 0;
  for (const Energy& part : parts) {
    const bool interpolated = part.reason == no_reading && std::isfinite(part.energy_J);
    if (!part.valid && !interpolated && all.valid) {
      all.valid = false;
      all.reason = parts.size() == 1 ? part.reason : fmt::format("a part of the window: {}", part.reason);
    }
    all.energy_J += part.energy_J;
    all.duration_s += part.duration_s;
    all.samples += part.samples;
    all.max_W = std::fmax(all.max_W, part.max_W);
    all.longest_gap_s = std::fmax(all.longest_gap_s, part.longest_gap_s);
    if (part.duration_s > 0) covered_s += part.coverage_pct / 100 * part.duration_s;
    offset_J += part.u_offset_W * part.duration_s;  // one device: its offset is the same in all parts
    random_J2 += square(part.U_random_J);
  }
  if (all.duration_s > 0) {
    all.distinct_hz = static_cast<double>(all.samples) / all.duration_s;
    all.coverage_pct = 100 * covered_s / all.duration_s;
  }
  if (all.valid && all.samples == 0) {
    all.valid = false;
    all.reason = no_reading;
  }
  if (!all.valid) {
    all.energy_J = all.max_W = unknown;
    return all;
  }
  all.mean_W = all.energy_J / all.duration_s;
  all.u_rel_gain = parts.front().u_rel_gain;
  all.u_offset_W = offset_J / all.duration_s;
  all.U_random_J = std::sqrt(random_J2);
  all.U_J = std::sqrt(square(k * all.u_rel_gain * all.energy_J) + square(k * offset_J) + random_J2);
  return all;
}

NetEnergy net(const Energy& gross, const Energy& idle_before, const Energy& idle_after) {
  NetEnergy result;
  if (!idle_before.valid || !idle_after.valid) return result;
  result.idle_W = (idle_before.mean_W + idle_after.mean_W) / 2;
  if (!gross.valid) return result;
  result.net_J = gross.energy_J - result.idle_W * gross.duration_s;

  // Idle drifts between the two sides: any value between them is as likely (rectangular, half-width half the difference).
  const double drift_W = std::abs(idle_before.mean_W - idle_after.mean_W) / 2 / sqrt3;
  const double idle_U_W =
      std::hypot(idle_before.U_random_J / idle_before.duration_s, idle_after.U_random_J / idle_after.duration_s) / 2;
  result.U_random_net_J = std::hypot(gross.U_random_J, idle_U_W * gross.duration_s, k * drift_W * gross.duration_s);

  // One device: gain acts on the net alone, and of the offset only what a changed voltage makes different remains.
  const double idle_offset_W = (idle_before.u_offset_W + idle_after.u_offset_W) / 2;
  const double offset_W = std::isnan(gross.u_offset_W - idle_offset_W) ? 0 : gross.u_offset_W - idle_offset_W;
  result.U_net_J = std::hypot(result.U_random_net_J, k * gross.u_rel_gain * result.net_J, k * offset_W * gross.duration_s);
  return result;
}

}  // namespace tbft::power
