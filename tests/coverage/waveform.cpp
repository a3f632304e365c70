#include "tests/coverage/waveform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tbft::coverage {
namespace {

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution(low, high)(random);
}
// A supply behind a cable: 5.1 V less what 50 to 150 mohm take.
struct Supply {
  explicit Supply(Random& random) : volts_V(uniform(random, 5.0, 5.2)), cable_ohm(uniform(random, 0.05, 0.15)) {}
  void step(Waveform& waveform, double t_s, double amps_A) const { waveform.step(t_s, amps_A, volts_V - cable_ohm * amps_A); }
  double volts_V, cable_ohm;
};

Waveform constant(Random& random, double /*length_s*/, double /*period_s*/) {
  Waveform waveform;
  Supply(random).step(waveform, 0, uniform(random, 0.3, 1.2));
  return waveform;
}

// Two levels in turns, 10 to 50 times in each period: readings say nothing of what lies between them.
Waveform fast_steps(Random& random, double length_s, double period_s) {
  Waveform waveform;
  const Supply supply(random);
  const double low_A = uniform(random, 0.3, 0.6);
  const double high_A = uniform(random, 0.6, 1.2);
  std::exponential_distribution dwell(std::exp(uniform(random, std::log(10.0), std::log(50.0))) / period_s);
  bool high = false;
  for (double t = 0; t < length_s; t += dwell(random), high = !high) supply.step(waveform, t, high ? high_A : low_A);
  return waveform;
}

// Now and then a load of 2 to 20 periods.
Waveform bursts(Random& random, double length_s, double period_s) {
  Waveform waveform;
  const Supply supply(random);
  const double idle_A = uniform(random, 0.3, 0.6);
  std::exponential_distribution pause(1 / (10 * period_s));
  for (double t = 0; t < length_s;) {
    supply.step(waveform, t, idle_A);
    t += pause(random);
    supply.step(waveform, t, uniform(random, 0.6, 1.2));
    t += uniform(random, 2, 20) * period_s;
  }
  return waveform;
}

// A slope and a slow swing, in steps of a twentieth of a period.
Waveform drift(Random& random, double length_s, double period_s) {
  Waveform waveform;
  const Supply supply(random);
  const double begin_A = uniform(random, 0.3, 0.8);
  const double slope_A = uniform(random, -0.2, 0.3);
  const double swing_A = uniform(random, 0, 0.1);
  const double cycles = uniform(random, 0.5, 5);
  for (double t = 0; t < length_s; t += period_s / 20) {
    const double share = t / length_s;
    supply.step(waveform, t, begin_A + slope_A * share + swing_A * std::sin(2 * std::numbers::pi * cycles * share));
  }
  return waveform;
}

}  // namespace

void Waveform::step(double t_s, double amps_A, double volts_V) {
  Step next{.t_s = t_s, .amps_A = amps_A, .volts_V = volts_V, .ampere_seconds = 0, .volt_seconds = 0, .joules = 0};
  if (!steps_.empty()) {
    const Step& last = steps_.back();
    const double length_s = t_s - last.t_s;
    next.ampere_seconds = last.ampere_seconds + last.amps_A * length_s;
    next.volt_seconds = last.volt_seconds + last.volts_V * length_s;
    next.joules = last.joules + last.amps_A * last.volts_V * length_s;
  }
  steps_.push_back(next);
}

double Waveform::at(double Step::*sum, double t_s) const {
  const auto after = std::ranges::upper_bound(steps_, t_s, {}, &Step::t_s);
  const Step& step = *std::prev(after);
  const double rate = sum == &Step::ampere_seconds ? step.amps_A
                      : sum == &Step::volt_seconds ? step.volts_V
                                                   : step.amps_A * step.volts_V;
  return step.*sum + rate * (t_s - step.t_s);
}

double Waveform::integral(double Step::*sum, double from_s, double to_s) const {
  return at(sum, to_s) - at(sum, from_s);
}

const std::vector<WaveformClass>& waveform_classes() {
  static const std::vector<WaveformClass> list{
      {"constant", constant}, {"steps faster than a reading", fast_steps}, {"bursts", bursts}, {"drift", drift}};
  return list;
}

}  // namespace tbft::coverage
