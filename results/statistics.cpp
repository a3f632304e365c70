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

// Quantile of sorted values, linear between neighbours.
double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval interval_of(std::vector<double>& means) {
  std::ranges::sort(means);
  return {quantile(means, 0.025), quantile(means, 0.975)};
}

Interval bootstrap(std::span<const double> values) {
  constexpr std::size_t resamples = 10000;
  Random random;
  std::vector<double> means(resamples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    mean = sum / static_cast<double>(values.size());
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

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
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
