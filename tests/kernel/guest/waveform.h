// What the simulated supply does: voltage and current as functions of the steady clock, so that their true energy between any
// two instants is known to whoever knows the clock.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <string_view>

namespace tbft::kernel_test {

using Ns = std::int64_t;
inline constexpr Ns second = 1'000'000'000;

struct Waveform {
  enum class Kind { constant, sine, steps } kind = Kind::constant;

  double amps_A(Ns t) const {
    switch (kind) {
      case Kind::constant:
        return 1.25;
      case Kind::sine:  // slow
        return 1.4 + 0.9 * std::sin(2 * std::numbers::pi * within(t, 4 * second));
      case Kind::steps:  // idle and busy, as a training loop is, under a slow drift
        return (within(t, 7 * second / 10) < 0.35 ? 2.2 : 0.8) + 0.2 * within(t, 13 * second);
    }
    return 0;
  }
  // Behind a cable: it drops under load.
  double volts_V(Ns t) const { return 5.12 - 0.08 * amps_A(t); }
  double watts_W(Ns t) const { return volts_V(t) * amps_A(t); }

  template <typename F>
  static double mean(F f, Ns from, Ns to, int points) {
    const double step = static_cast<double>(to - from) / points;
    double sum = 0;
    for (int i = 0; i < points; ++i) sum += f(from + static_cast<Ns>((i + 0.5) * step));
    return sum / points;
  }
  // The true energy: midpoints of at most 10 us.
  double energy_J(Ns from, Ns to) const {
    const int points = static_cast<int>((to - from) / 10'000) + 1;
    return mean([this](Ns t) { return watts_W(t); }, from, to, points) * static_cast<double>(to - from) / second;
  }

 private:
  static double within(Ns t, Ns period) { return static_cast<double>(t % period) / static_cast<double>(period); }
};

inline Waveform waveform(std::string_view name) {
  if (name == "constant") return {Waveform::Kind::constant};
  if (name == "sine") return {Waveform::Kind::sine};
  if (name == "steps") return {Waveform::Kind::steps};
  throw std::runtime_error("waveforms: constant, sine, steps");
}

}  // namespace tbft::kernel_test
