// A true load: current and voltage as steps in time, integrated exactly.
#pragma once

#include <cstddef>
#include <random>
#include <string_view>
#include <vector>

namespace tbft::coverage {

class Waveform {
 public:
  // From `t_s` on, until the next step. Steps come in time order.
  void step(double t_s, double amps_A, double volts_V);

  // Means over [from, to]; to > from, both within the waveform.
  double mean_A(double from_s, double to_s) const { return integral(&Step::ampere_seconds, from_s, to_s) / (to_s - from_s); }
  double mean_V(double from_s, double to_s) const { return integral(&Step::volt_seconds, from_s, to_s) / (to_s - from_s); }
  double energy_J(double from_s, double to_s) const { return integral(&Step::joules, from_s, to_s); }

 private:
  struct Step {
    double t_s, amps_A, volts_V;
    double ampere_seconds, volt_seconds, joules;  // up to t_s
  };
  double integral(double Step::*sum, double from_s, double to_s) const;
  double at(double Step::*sum, double t_s) const;
  std::vector<Step> steps_;
};

// The classes of loads that a meter with one reading each `period_s` is tried with.
struct WaveformClass {
  std::string_view name;
  Waveform (*draw)(std::mt19937_64& random, double length_s, double period_s);
};
const std::vector<WaveformClass>& waveform_classes();

}  // namespace tbft::coverage
