#include "results/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace tbft::results {

namespace {

// 97.5 % quantiles of Student's t for 1 to 8 degrees of freedom.
constexpr std::array t_quantile{12.706204736432095, 4.302652729911275,  3.182446305284263,  2.7764451051977987,
                                2.570581835636314,  2.4469118511449692, 2.3646242515927844, 2.306004135204166};

// SplitMix64 (Steele, Lea, Flood 2014): the same stream on every machine, which std::uniform_int_distribution does not promise.
class Random {
 public:
  // Uniform below n, n < 2^32.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(((next() >> 32) * n) >> 32); }

 private:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_ = 42;
};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of sorted values, linear between neighbours.
double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

void bootstrap(std::span<const double> values, Statistics& result) {
  constexpr std::size_t resamples = 10000;
  Random random;
  std::vector<double> means(resamples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  result.low = quantile(means, 0.025);
  result.high = quantile(means, 0.975);
}

}  // namespace

Statistics statistics(std::span<const double> values) {
  Statistics result;
  result.n = values.size();
  if (values.empty()) return result;
  result.mean = mean_of(values);
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  const std::size_t freedom = values.size() - 1;
  result.sd = std::sqrt(squares / static_cast<double>(freedom));
  if (freedom <= t_quantile.size()) {
    const double half = t_quantile[freedom - 1] * result.sd / std::sqrt(static_cast<double>(values.size()));
    result.low = result.mean - half;
    result.high = result.mean + half;
  } else {
    bootstrap(values, result);
  }
  return result;
}

}  // namespace tbft::results
