#include "tbft/power/self_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "tbft/power/energy.h"
#include "tbft/power/plausible.h"
#include "tbft/power/running_energy.h"

namespace tbft::power {
namespace {

constexpr double least_share = 0.9;  // share of the nominal rate
constexpr double most_cpu_pct = 10;  // percent of one core
constexpr double edge_periods = 3;   // periods at the start and the end that may lack a reading

struct Watts {
  double t_s = 0;
  double watts_W = 0;
};

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double x : values) sum += x;
  return values.empty() ? unknown : sum / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return unknown;
  const double m = mean(values);
  double sum = 0;
  for (const double x : values) sum += (x - m) * (x - m);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

// `values` are sorted.
double quantile(std::span<const double> values, double q) {
  if (values.empty()) return unknown;
  return values[static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size() - 1)))];
}

// The powers of new values in W.
std::vector<Watts> watts_of(const std::vector<Reading>& readings, const MeterInfo& meter) {
  std::vector<Watts> list;
  const Reading* last = nullptr;
  for (const Reading& r : readings) {
    if ((r.flags & repeated) != 0 || !std::isfinite(meter.counter ? r.energy_J : r.power_W)) continue;
    if (!meter.counter) {
      list.push_back({to_seconds(r.t_ns), r.power_W});
    } else if (last != nullptr && r.t_ns > last->t_ns) {
      list.push_back({to_seconds(r.t_ns), (r.energy_J - last->energy_J) / to_seconds(r.t_ns - last->t_ns)});
    }
    last = &r;
  }
  return list;
}

// The Allan deviation of the means of consecutive whole seconds.
double allan_deviation(const std::vector<Watts>& watts) {
  if (watts.empty()) return unknown;
  std::map<long, std::pair<double, int>> seconds;
  for (const Watts& w : watts) {
    auto& [sum, n] = seconds[static_cast<long>(std::floor(w.t_s - watts.front().t_s))];
    sum += w.watts_W;
    ++n;
  }
  seconds.erase(std::prev(seconds.end()));  // the last second is incomplete
  double sum = 0;
  int pairs = 0;
  for (auto it = seconds.begin(); it != seconds.end(); ++it) {
    const auto next = std::next(it);
    if (next == seconds.end() || next->first != it->first + 1) continue;
    const double step = next->second.first / next->second.second - it->second.first / it->second.second;
    sum += step * step;
    ++pairs;
  }
  return pairs < 2 ? unknown : std::sqrt(sum / 2 / pairs);
}

void count(SelfTest& t, const std::vector<Reading>& readings, const MeterInfo& meter) {
  for (const Reading& r : readings) {
    const bool known = std::isfinite(meter.counter ? r.energy_J : r.power_W);
    if ((r.flags & repeated) != 0) {
      ++t.repeats;
    } else if (known) {
      ++t.readings;
    } else {
      ++t.failures;
    }
    t.resets += (r.flags & reinitialised) != 0 ? 1 : 0;
    t.clipped += (r.flags & saturated) != 0 ? 1 : 0;
  }
}

void judge(SelfTest& t, const MeterInfo& meter, const SamplerStats& sampler, double covered_s) {
  const auto problem = [&](std::string text) { t.problems.push_back(std::move(text)); };
  if (t.readings == 0) {
    problem(t.failures > 0 ? fmt::format("no reading came, {} reads failed", t.failures) : "no reading came");
    return;
  }
  const double promised_hz = meter.paces_itself ? t.nominal_hz : std::min(t.nominal_hz, t.requested_hz);
  if (auto text = shortfall(sampler, meter); !text.empty()) {
    problem(std::move(text));
  } else if (t.distinct_hz < least_share * promised_hz) {
    problem(fmt::format("{:.4g} new readings per second, nominal are {:.4g}: {}", t.distinct_hz, promised_hz,
                        t.repeats > t.readings ? "the device repeats old values"
                        : t.missed > 0         ? "the host was late"
                                               : "the bus or the device is slower than it should be"));
  }
  const double limit_s = meter.gap_limit_s > 0 ? meter.gap_limit_s : default_gap_limit_s(meter.nominal_period_s);
  if (t.spacing_max_s > limit_s) {
    problem(fmt::format("a gap of {:.4g} s; the limit is {:.4g} s", t.spacing_max_s, limit_s));
  } else if (t.duration_s - covered_s > std::max(edge_periods * meter.nominal_period_s, limit_s) + meter.latency_s + 0.1) {
    problem(fmt::format("readings came during {:.4g} of {:.4g} s", covered_s, t.duration_s));
  }
  if (!meter.note.empty()) problem(meter.note);
  if (t.failures > 0) problem(fmt::format("{} failed reads", t.failures));
  if (t.resets > 0) problem(fmt::format("the device was reset {} times: is its supply stable?", t.resets));
  if (t.clipped > 0)
    problem(fmt::format("{} readings at the end of the range: {}", t.clipped,
                        meter.counter ? "the count rose too fast to be certain" : "too large a shunt or gain"));
  if (t.sampler_cpu_pct > most_cpu_pct) {
    problem(
        fmt::format("sampling takes {:.1f} % of a core and so draws power itself; use a longer --interval", t.sampler_cpu_pct));
  }
}

// The energy of the whole capture, by the rules of a measurement.
void judge_energy(SelfTest& t, const std::vector<Reading>& readings, const MeterInfo& meter) {
  const auto sample = [&](const Reading& r) { return is_sample(r, meter); };
  const auto first = std::ranges::find_if(readings, sample);
  const auto last = std::find_if(readings.rbegin(), readings.rend(), sample);
  if (first == readings.end() || last->t_ns <= first->t_ns) return;
  const Energy all = energy(readings, {.name = "self-test", .t0_ns = first->t_ns, .t1_ns = last->t_ns}, meter);
  const auto still = stands_still(meter, {.energy = &all}, {});
  for (const std::string& reason : {negative_reason(all), still.invalid}) {
    if (!reason.empty()) t.problems.push_back(reason);
  }
  if (meter.counter && !still.warning.empty()) t.problems.push_back(still.warning);
}

}  // namespace

SelfTest self_test(const Capture& capture, const MeterInfo& meter) {
  SelfTest t;
  t.duration_s = capture.duration_s;
  t.nominal_hz = 1 / meter.nominal_period_s;
  t.requested_hz = std::isfinite(capture.sampler.requested_hz) ? capture.sampler.requested_hz : t.nominal_hz;
  t.polled_hz = capture.sampler.delivered_hz;
  t.missed = capture.sampler.missed;
  t.scheduling = capture.sampler.scheduling;
  count(t, capture.readings, meter);

  std::vector<double> spacing_s;
  double first_s = unknown, last_s = unknown;
  for (const Reading& r : capture.readings) {
    if ((r.flags & repeated) != 0 || !std::isfinite(meter.counter ? r.energy_J : r.power_W)) continue;
    const double t_s = to_seconds(r.t_ns);
    if (std::isfinite(last_s)) spacing_s.push_back(t_s - last_s);
    if (!std::isfinite(first_s)) first_s = t_s;
    last_s = t_s;
  }
  if (!spacing_s.empty() && last_s > first_s) t.distinct_hz = static_cast<double>(spacing_s.size()) / (last_s - first_s);
  std::ranges::sort(spacing_s);
  t.spacing_median_s = quantile(spacing_s, 0.5);
  t.spacing_p95_s = quantile(spacing_s, 0.95);
  t.spacing_max_s = quantile(spacing_s, 1);

  if (t.duration_s > 0) {
    t.sampler_cpu_pct = 100 * capture.sampler.cpu_s / t.duration_s;
    t.process_cpu_pct = 100 * capture.process_cpu_s / t.duration_s;
  }
  const auto watts = watts_of(capture.readings, meter);
  std::vector<double> values;
  values.reserve(watts.size());
  for (const Watts& w : watts) values.push_back(w.watts_W);
  t.mean_W = mean(values);
  t.sd_W = standard_deviation(values);
  t.allan_1s_W = allan_deviation(watts);
  judge(t, meter, capture.sampler, last_s - first_s);
  judge_energy(t, capture.readings, meter);
  return t;
}

}  // namespace tbft::power
