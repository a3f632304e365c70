#include "harness/measurement/rounds.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace tbft {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// Fisher-Yates with its own mapping of random numbers, because std::shuffle gives different orders in different standard
// libraries.
void shuffle(std::vector<std::size_t>& order, std::mt19937_64& random) {
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
}

}  // namespace

MeanInterval student_interval(std::span<const double> values) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double value) { return std::isfinite(value); });
  if (finite.empty()) return {unknown, unknown, unknown};
  const auto n = static_cast<double>(finite.size());
  const double mean = std::accumulate(finite.begin(), finite.end(), 0.0) / n;
  if (finite.size() == 1) return {mean, unknown, unknown};
  double squares = 0;
  for (const double value : finite) squares += (value - mean) * (value - mean);
  constexpr double upper = 0.975;  // two-sided 95 %
  const double half = quantile(boost::math::students_t(n - 1), upper) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

std::vector<double> paired_savings_pct(std::span<const double> values, std::span<const double> reference) {
  std::vector<double> savings(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) savings[i] = 100 * (1 - values[i] / reference[i]);
  return savings;
}

RoundsResult run_rounds(std::size_t contenders, const RoundLimits& limits, const RoundHooks& hooks) {
  RoundsResult result;
  result.seconds.resize(contenders);
  std::vector<std::size_t> order(contenders);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(limits.seed);
  const double start_s = hooks.now_s();
  double longest_round_s = 0;
  constexpr std::size_t for_an_interval = 2;
  for (std::size_t round = 0; round < limits.max_rounds; ++round) {
    const double began_s = hooks.now_s();
    if (round >= for_an_interval && began_s - start_s + longest_round_s > limits.max_s) break;
    shuffle(order, random);
    for (const std::size_t contender : order) result.seconds[contender].push_back(hooks.window(contender, round));
    longest_round_s = std::max(longest_round_s, hooks.now_s() - began_s);
    hooks.after_round(round + 1, result.seconds);
    result.precise = round + 1 >= limits.min_rounds && std::ranges::all_of(result.seconds, [&](const auto& seconds) {
                       return student_interval(seconds).relative_width() < limits.precision;
                     });
    if (result.precise) break;
  }
  return result;
}

}  // namespace tbft
