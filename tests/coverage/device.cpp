#include "tests/coverage/device.h"

#include <cmath>
#include <numbers>

namespace tbft::coverage {
namespace {

using Random = std::mt19937_64;

// An error with this limit, or a Gaussian one of the same standard deviation.
double draw(Errors errors, double limit, Random& random) {
  if (limit == 0 || errors == Errors::none) return 0;
  if (errors == Errors::rectangular) return std::uniform_real_distribution(-limit, limit)(random);
  return std::normal_distribution(0.0, limit / std::numbers::sqrt3)(random);
}

double rounded(double value, double step, bool floor = false) {
  if (step == 0) return value;
  return (floor ? std::floor(value / step) : std::round(value / step)) * step;
}

}  // namespace

std::vector<power::Reading> observe(const DeviceKind& kind, Errors errors, const Waveform& waveform, double from_s, double to_s,
                                    Random& random) {
  double gain = 1;
  for (const double limit : kind.gain_limits) gain *= 1 + draw(errors, limit, random);
  const double offset_A = draw(errors, kind.offset_A, random);
  const double offset_V = draw(errors, kind.offset_V, random);
  const double period_s = kind.period_s * (1 + std::uniform_real_distribution(-1.0, 1.0)(random) * kind.period_tolerance);
  std::uniform_real_distribution<double> late(0, kind.latest_s);

  std::vector<power::Reading> readings;
  double begin_s = from_s + std::uniform_real_distribution(0.0, period_s)(random);
  const double counter_from_s = from_s;
  for (; begin_s + period_s + kind.latest_s <= to_s; begin_s += period_s) {
    power::Reading r;
    const double noticed_s = kind.latest_s > 0 ? late(random) : 0;
    if (kind.counter) {
      // The counter stands at the end of the period; the host reads it there.
      const double true_J = waveform.energy_J(counter_from_s, begin_s + period_s);
      const double passed_s = begin_s + period_s - counter_from_s;
      const double volts_V = waveform.mean_V(counter_from_s, begin_s + period_s);
      const double amps_A = waveform.mean_A(counter_from_s, begin_s + period_s);
      const double offset_J = (offset_A * volts_V + offset_V * amps_A) * passed_s;
      r.t_ns = power::from_seconds(begin_s + period_s + noticed_s);
      if (kind.offset_A > 0) {  // it tells voltage and current too
        r.volts_V = waveform.mean_V(begin_s, begin_s + period_s);
        r.amps_A = waveform.mean_A(begin_s, begin_s + period_s);
      }
      r.energy_J = rounded(gain * true_J + offset_J, kind.energy_step_J, true);
    } else {
      const double amps = waveform.mean_A(begin_s + kind.amps_from * period_s, begin_s + kind.amps_to * period_s);
      const double volts = waveform.mean_V(begin_s + kind.volts_from * period_s, begin_s + kind.volts_to * period_s);
      r.t_ns = power::from_seconds(begin_s + kind.stamp * period_s + noticed_s - kind.latest_s / 2);
      r.amps_A = rounded(gain * amps + offset_A, kind.amps_step_A);
      r.volts_V = rounded(volts + offset_V, kind.volts_step_V, kind.volts_floor && errors != Errors::none);
      r.power_W = rounded(r.amps_A * r.volts_V, kind.power_step_W);
    }
    readings.push_back(r);
  }
  return readings;
}

}  // namespace tbft::coverage
