#include "results/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

namespace tbft::results {

namespace {

// 97.5 % quantiles of Student's t for 1 to 8 degrees of freedom.
constexpr std::array t_quantile{12.706204736432095, 4.302652729911275,  3.182446305284263,  2.7764451051977987,
                                2.570581835636314,  2.4469118511449692, 2.3646242515927844, 2.306004135204166};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Quantile of the values, linear between neighbours. Reorders them.
double quantile(std::vector<double>& values, double p) {
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::ranges::nth_element(values, at);
  const double above = below + 1 < values.size() ? *std::min_element(at + 1, values.end()) : *at;
  return *at + (place - static_cast<double>(below)) * (above - *at);
}

Interval interval_of(std::vector<double>& means) {
  const double low = quantile(means, 0.025);
  return {low, quantile(means, 0.975)};
}

// Resamples are drawn several at once, because one sum alone would wait for each of its additions.
Interval bootstrap(std::span<const double> values) {
  constexpr std::size_t resamples = 10000, at_once = 8;
  static_assert(resamples % at_once == 0);
  const std::size_t n = values.size();
  std::vector<double> means(resamples);
  for (std::size_t first = 0; first < resamples; first += at_once) {
    std::array<Random, at_once> random;
    for (std::size_t k = 0; k < at_once; ++k) random[k].skip((first + k) * n);
    std::array<double, at_once> sums{};
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < at_once; ++k) sums[k] += values[random[k].below(n)];
    }
    std::ranges::transform(sums, means.begin() + static_cast<std::ptrdiff_t>(first),
                           [&](double sum) { return sum / static_cast<double>(n); });
  }
  return interval_of(means);
}

Statistics with_interval(const Statistics& of, const Interval& interval) {
  return {of.n, of.mean, of.sd, interval.low, interval.high};
}

}  // namespace

bool same_images(std::span<const ImageScores> images) {
  return std::ranges::all_of(images, [&](const ImageScores& scores) {
    return scores && !scores->empty() && images.front() && scores->size() == images.front()->size();
  });
}

ImageScores difference(const ImageScores& a, const ImageScores& b) {
  if (!a || !b || a->size() != b->size()) return nullptr;
  std::vector<float> result(a->size());
  std::ranges::transform(*a, *b, result.begin(), std::minus<>());
  return std::make_shared<const std::vector<float>>(std::move(result));
}

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
  if (freedom > t_quantile.size()) return with_interval(result, bootstrap(values));
  const double half = t_quantile[freedom - 1] * result.sd / std::sqrt(static_cast<double>(values.size()));
  return with_interval(result, {result.mean - half, result.mean + half});
}

Statistics statistics(std::span<const double> values, std::span<const ImageScores> images) {
  const Statistics result = statistics(values);
  if (values.size() <= t_quantile.size() + 1 || images.size() != values.size() || !same_images(images)) return result;
  const std::size_t n_images = images.front()->size();
  return with_interval(result, percentile_interval([&](Random& random) {
                         return resampled_mean(values, images, random.weights(n_images, n_images), random);
                       }));
}

std::vector<float> Random::weights(std::size_t n, std::size_t draws) {
  std::vector<float> result(n);
  for (std::size_t i = 0; i < draws; ++i) result[below(n)] += 1;
  return result;
}

double resampled_mean(std::span<const double> values, std::span<const ImageScores> images, std::span<const float> image_weights,
                      Random& random) {
  const std::size_t draws = std::max<std::size_t>(values.size(), 2) - 1;
  const std::vector<float> weights = random.weights(values.size(), draws);
  if (images.empty())
    return std::inner_product(values.begin(), values.end(), weights.begin(), 0.0) / static_cast<double>(draws);
  std::vector<float> sums(image_weights.size());
  for (std::size_t r = 0; r < values.size(); ++r) {
    if (weights[r] == 0) continue;
    const std::vector<float>& scores = *images[r];
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weights[r] * scores[i];
  }
  const double sum = std::inner_product(sums.begin(), sums.end(), image_weights.begin(), 0.0);
  const double drawn = std::accumulate(image_weights.begin(), image_weights.end(), 0.0) * static_cast<double>(draws);
  return 100 * sum / drawn;
}

Interval percentile_interval(const std::function<double(Random&)>& draw) {
  constexpr std::size_t resamples = 2000;
  Random random;
  std::vector<double> drawn(resamples);
  for (double& value : drawn) value = draw(random);
  return interval_of(drawn);
}

}  // namespace tbft::results
