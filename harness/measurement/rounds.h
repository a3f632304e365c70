// Times several candidates on a machine whose speed drifts. In each round every candidate has one window, in a new random
// order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tbft {

// A mean and its 95 % interval by Student's t; unknown members are NaN (without values; with one value there is no interval).
struct MeanInterval {
  double mean, low, high;
  // high - low as a fraction of the mean.
  double relative_width() const { return (high - low) / mean; }
};
// The interval of independent values; those that are not finite are left out. results::statistics is not used: from 10 values
// on it uses the bootstrap, which is too narrow for a rule that stops at the first sufficiently narrow interval.
MeanInterval student_interval(std::span<const double> values);

// 100 x (1 - value / reference) for each element, NaN where either is unknown. Both spans have the same size.
std::vector<double> paired_savings_pct(std::span<const double> values, std::span<const double> reference);

struct RoundLimits {
  double precision = 0.02;     // stop once every interval is narrower than this fraction of its mean
  std::size_t min_rounds = 5;  // no interval is used before this round
  double max_s = 300;          // no round begins that would end later, except the first two, because an interval needs two
  std::size_t max_rounds = 10000;
  std::uint64_t seed = 0;  // for the order of the windows
};

struct RoundHooks {
  // Runs one window of a candidate and returns its seconds per step.
  std::function<double(std::size_t contender, std::size_t round)> window;
  std::function<double()> now_s;  // a monotonic clock, in seconds
  // Called after each round, whose values are already in `seconds`.
  std::function<void(std::size_t rounds, std::span<const std::vector<double>> seconds)> after_round;
};

struct RoundsResult {
  std::vector<std::vector<double>> seconds;  // [candidate][round]
  bool precise = false;                      // stopped because every interval is narrow enough
};
// Runs rounds until a limit is reached. Passes on what the hooks throw.
RoundsResult run_rounds(std::size_t contenders, const RoundLimits& limits, const RoundHooks& hooks);

}  // namespace tbft
