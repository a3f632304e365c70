// Things timed against each other on a machine that drifts: rounds in which each has one window, in an order drawn anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tbft {

// A mean and its 95 % interval by Student's t; NaN where it is unknown (no value; one value has no interval).
struct MeanInterval {
  double mean, low, high;
  // high - low as a part of the mean.
  double relative_width() const { return (high - low) / mean; }
};
// Of independent values; those that are not finite are left out. For any number of values, unlike results::statistics, whose
// bootstrap from 10 on is too narrow for a rule that stops at the first interval that is narrow enough.
MeanInterval student_interval(std::span<const double> values);

// 100 x (1 - value / reference), element by element, NaN where either is unknown. Both spans have the same size.
std::vector<double> paired_savings_pct(std::span<const double> values, std::span<const double> reference);

struct RoundLimits {
  double precision = 0.02;     // every interval is narrower than this part of its mean
  std::size_t min_rounds = 5;  // before that no interval is believed
  double max_s = 300;          // no round begins that would end later, except the first two: an interval needs them
  std::size_t max_rounds = 10000;
  std::uint64_t seed = 0;  // of the order
};

struct RoundHooks {
  // One window of a contender; returns its seconds a step.
  std::function<double(std::size_t contender, std::size_t round)> window;
  std::function<double()> now_s;  // a clock that only goes forward
  // After each round; its values are known to `seconds` by then.
  std::function<void(std::size_t rounds, std::span<const std::vector<double>> seconds)> after_round;
};

struct RoundsResult {
  std::vector<std::vector<double>> seconds;  // [contender][round]
  bool precise = false;                      // stopped because every interval is narrow enough
};
// Throws what the hooks throw.
RoundsResult run_rounds(std::size_t contenders, const RoundLimits& limits, const RoundHooks& hooks);

}  // namespace tbft
