#include "results/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "results/samples.h"

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

// Samples that are resampled at once: as many as the processor adds in the time of a draw.
constexpr std::size_t at_once = 8;

// The intervals of at most `at_once` samples with the same number of values; they share the draws.
std::vector<Interval> bootstrap(std::span<const std::span<const double>> samples) {
  constexpr std::size_t resamples = 10000;
  using Row = std::array<double, at_once>;  // a value of each sample
  const std::size_t n = samples.front().size();
  std::vector<Row> rows(n);
  for (std::size_t k = 0; k < samples.size(); ++k) {
    for (std::size_t i = 0; i < n; ++i) rows[i][k] = samples[k][i];
  }
  std::vector<std::vector<double>> means(samples.size(), std::vector<double>(resamples));
  Random random;
  for (std::size_t resample = 0; resample < resamples; ++resample) {
    Row sums{};
    for (std::size_t i = 0; i < n; ++i) {
      const Row& drawn = rows[random.below(n)];
      for (std::size_t k = 0; k < at_once; ++k) sums[k] += drawn[k];
    }
    for (std::size_t k = 0; k < samples.size(); ++k) means[k][resample] = sums[k] / static_cast<double>(n);
  }
  std::vector<Interval> intervals;
  std::ranges::transform(means, std::back_inserter(intervals), interval_of);
  return intervals;
}

Interval students(const Statistics& of) {
  const double half = t_quantile.at(of.n - 2) * of.sd / std::sqrt(static_cast<double>(of.n));
  return {of.mean - half, of.mean + half};
}

Statistics with_interval(const Statistics& of, const Interval& interval) {
  return {of.n, of.mean, of.sd, interval.low, interval.high};
}

// From 10 values the interval is a bootstrap.
bool is_resampled(std::span<const double> values) {
  return values.size() > t_quantile.size() + 1;
}

bool has_images(const Sample& sample) {
  return sample.images.size() == sample.values.size() && same_images(sample.images);
}

Interval over_values_and_images(std::span<const double> values, std::span<const ImageScores> images) {
  const std::size_t n = images.front()->size();
  return percentile_interval([&](Random& random) { return resampled_mean(values, images, random.weights(n, n), random); });
}

// Without the interval of a sample that is resampled and has no images.
Statistics without_bootstrap(const Sample& sample) {
  const std::vector<double>& values = sample.values;
  Statistics result;
  result.n = values.size();
  if (values.empty()) return result;
  result.mean = mean_of(values);
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.sd = std::sqrt(squares / static_cast<double>(values.size() - 1));
  if (!is_resampled(values)) return with_interval(result, students(result));
  if (!has_images(sample)) return result;
  return with_interval(result, over_values_and_images(values, sample.images));
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
  return statistics(values, {});
}

Statistics statistics(std::span<const double> values, std::span<const ImageScores> images) {
  const Sample sample{{values.begin(), values.end()}, {images.begin(), images.end()}};
  return statistics_of_each({&sample, 1}).front();
}

std::vector<Statistics> statistics_of_each(std::span<const Sample> samples) {
  std::vector<Statistics> result;
  std::map<std::size_t, std::vector<std::size_t>> resampled;  // by the number of values: the samples' places in `result`
  for (const Sample& sample : samples) {
    if (is_resampled(sample.values) && !has_images(sample)) resampled[sample.values.size()].push_back(result.size());
    result.push_back(without_bootstrap(sample));
  }
  for (const auto& [n, places] : resampled) {
    for (std::size_t first = 0; first < places.size(); first += at_once) {
      const auto some = std::span(places).subspan(first, std::min(at_once, places.size() - first));
      std::vector<std::span<const double>> values;
      for (const std::size_t place : some) values.emplace_back(samples[place].values);
      const std::vector<Interval> intervals = bootstrap(values);
      for (std::size_t k = 0; k < some.size(); ++k) result[some[k]] = with_interval(result[some[k]], intervals[k]);
    }
  }
  return result;
}

namespace {

// sums += weight * scores, in steps of a fixed length, which the compiler turns into vector instructions.
void add_weighted(std::vector<float>& sums, float weight, const std::vector<float>& scores) {
  constexpr std::size_t step = 8;
  const std::size_t n = sums.size();
  float* const to = sums.data();
  const float* const from = scores.data();
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    std::array<float, step> sum{};
    for (std::size_t k = 0; k < step; ++k) sum[k] = to[i + k] + weight * from[i + k];
    for (std::size_t k = 0; k < step; ++k) to[i + k] = sum[k];
  }
  for (; i < n; ++i) to[i] += weight * from[i];
}

}  // namespace

Interval mean_interval(std::span<const double> values, std::span<const ImageScores> images) {
  const Statistics over_values = statistics(values, images);
  if (is_resampled(values) || values.empty() || images.size() != values.size() || !same_images(images))
    return {over_values.low, over_values.high};
  const auto mean_scores = std::make_shared<std::vector<float>>(images.front()->size());
  for (const ImageScores& scores : images) add_weighted(*mean_scores, 1.0F / static_cast<float>(images.size()), *scores);
  const ImageScores one = mean_scores;
  const Interval over_images = over_values_and_images({&over_values.mean, 1}, {&one, 1});
  if (values.size() == 1) return over_images;
  const double mean = over_values.mean;
  return {mean - std::hypot(mean - over_values.low, mean - over_images.low),
          mean + std::hypot(over_values.high - mean, over_images.high - mean)};
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
    add_weighted(sums, weights[r], *images[r]);
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
