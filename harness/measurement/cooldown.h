// Waits until the machine is as it was before the first command: idle power and temperature back within noise of the first idle
// window. A command that heats the board would otherwise change the idle power, and the leakage, of the next one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "tbft/power/energy.h"

namespace tbft {

class Cooldown {
 public:
  struct Hooks {
    std::function<power::Energy()> probe;  // measures the idle machine for some seconds; may throw to end the waiting
    std::function<std::optional<double>()> temperature_C;
    std::function<double()> now_s;  // a monotonic clock, in seconds
    std::function<void(const std::string&)> progress = [](const std::string&) {};
  };
  // Gives up after `limit_s` seconds.
  Cooldown(double limit_s, Hooks hooks) : limit_s_(limit_s), hooks_(std::move(hooks)) {}

  // The state to return to: the first idle window, and the present temperature.
  void set_reference(const power::Energy& first) { first_ = state_of(first); }

  // Whether the reference has a power or a temperature. Without both, wait() has nothing to wait for.
  bool has_reference() const;

  // Probes until a state is within noise of the reference: its power is not above the other one by more than the uncertainty of
  // their difference or 1 %, whichever is larger, and its temperature by no more than 1 degree. A value that one of both lacks
  // is not compared. Returns false if that took longer than the limit.
  bool wait();
  // "5.4 W, 61.0 degrees C" of the last probe.
  std::string last_text() const { return last_.text(); }
  // The same of the reference.
  std::string reference_text() const { return first_.text(); }

 private:
  struct State {
    double power_W = power::unknown;  // unknown without valid energy
    double U_W = power::unknown;      // its random part, k = 2
    std::optional<double> temperature_C;
    std::string text() const;
  };
  State state_of(const power::Energy& idle) const;
  bool is_back(const State& state) const;

  double limit_s_;
  Hooks hooks_;
  State first_, last_;
};

}  // namespace tbft
