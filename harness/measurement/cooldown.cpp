#include "harness/measurement/cooldown.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tbft {

namespace {

// Background work makes idle power wander by more than the readings of one window show.
constexpr double least_noise_rel = 0.01;
// The sensors of boards have steps of 0.5 to 1 degree.
constexpr double temperature_step_C = 1;

double known_or_0(double value) {
  return std::isfinite(value) ? value : 0;
}

}  // namespace

Cooldown::State Cooldown::state_of(const power::Energy& idle) const {
  State state{.temperature_C = hooks_.temperature_C()};
  if (!idle.valid || !(idle.duration_s > 0)) return state;
  state.power_W = idle.mean_W;
  state.U_W = idle.U_random_J / idle.duration_s;
  return state;
}

std::string Cooldown::State::text() const {
  std::string text = std::isfinite(power_W) ? fmt::format("{:.4g} W", power_W) : "";
  if (temperature_C) text += fmt::format("{}{:.1f} degrees C", text.empty() ? "" : ", ", *temperature_C);
  return text.empty() ? "unknown" : text;
}

bool Cooldown::has_reference() const {
  return std::isfinite(first_.power_W) || first_.temperature_C.has_value();
}

bool Cooldown::wait() {
  const double end_s = hooks_.now_s() + limit_s_;
  while (true) {
    last_ = state_of(hooks_.probe());
    if (is_back(last_)) return true;
    if (hooks_.now_s() >= end_s) return false;
    hooks_.progress(fmt::format("cooling down: {}; idle was {}", last_text(), reference_text()));
  }
}

bool Cooldown::is_back(const State& state) const {
  const bool powers = std::isfinite(state.power_W) && std::isfinite(first_.power_W);
  const double noise_W =
      std::max(std::hypot(known_or_0(state.U_W), known_or_0(first_.U_W)), least_noise_rel * std::abs(first_.power_W));
  if (powers && state.power_W - first_.power_W > noise_W) return false;
  const bool temperatures = state.temperature_C && first_.temperature_C;
  return !temperatures || *state.temperature_C <= *first_.temperature_C + temperature_step_C;
}

}  // namespace tbft
