#include "power/meters/sum_accuracy.h"

#include <optional>

namespace tbft::power {
namespace {

// limit x value in watts; 0 for a limit of 0, whatever the value.
double product(double limit, double value) {
  return limit == 0 ? 0 : limit * value;
}

// The limit of a part's offset in watts; unknown (NaN) as for a meter alone (RunningEnergy).
double offset_limit_W(const PartAccuracy& part) {
  const Accuracy& a = part.accuracy;
  if (a.offset_limit_A) {
    return product(*a.offset_limit_A, part.largest.volts_V) + product(a.offset_limit_V.value_or(0), part.largest.amps_A) +
           a.offset_limit_W.value_or(0);
  }
  if (a.offset_limit_W) return *a.offset_limit_W;
  return part.counter ? 0 : unknown;
}

double squared_step_W(const PartAccuracy& part) {
  const auto square = [](double step) { return std::isfinite(step) ? step * step : 0; };  // no reading yet
  const Accuracy& a = part.accuracy;
  return square(product(a.resolution_A, part.largest.volts_V)) + square(product(a.resolution_V, part.largest.amps_A)) +
         square(a.resolution_W);
}

std::optional<double> known(double x) {
  return std::isfinite(x) ? std::optional(x) : std::nullopt;
}

}  // namespace

Accuracy accuracy_of_sum(std::span<const PartAccuracy> parts) {
  double gain = 0, gain_from_offsets_W = 0, largest_W = 0;
  double offset_W = 0;
  double step_W2 = 0, step_J2 = 0;
  for (const PartAccuracy& part : parts) {
    const double part_gain = part.accuracy.gain_limit_rel.value_or(unknown);
    gain = std::isnan(part_gain) || std::isnan(gain) ? unknown : std::max(gain, part_gain);
    if (part.accuracy.offset_limit_A)
      gain_from_offsets_W += product(part.accuracy.offset_limit_V.value_or(0), part.largest.amps_A);
    largest_W += part.largest.power_W;
    offset_W += offset_limit_W(part);
    step_W2 += squared_step_W(part);
    step_J2 += part.accuracy.resolution_J * part.accuracy.resolution_J;
  }
  // The largest gain bounds the error of powers of one sign. A negative one makes the sum smaller and the error larger.
  for (const PartAccuracy& part : parts) {
    if (part.largest.reverse_W > 0 && std::isfinite(gain)) offset_W += 2 * gain * part.largest.reverse_W;
  }
  if (gain_from_offsets_W != 0) gain = largest_W > 0 ? std::hypot(gain, gain_from_offsets_W / largest_W) : unknown;
  return {.gain_limit_rel = known(gain),
          .offset_limit_W = known(offset_W),
          .resolution_W = std::sqrt(step_W2),
          .resolution_J = std::sqrt(step_J2)};
}

}  // namespace tbft::power
