// Mean, spread and 95 % interval of repeated results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace tbft::results {

// "Unknown" for a number of a summary. Never 0.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Statistics {
  std::size_t n = 0;
  double mean = unknown;
  double sd = unknown;                   // of the sample (n - 1)
  double low = unknown, high = unknown;  // 95 % interval of the mean
};

// Of independent finite values. The interval is Student's t for 2 to 9 values, the bootstrap percentile interval (10,000
// resamples, fixed seed: the same values in the same order give the same interval) from 10, and unknown for 1.
Statistics statistics(std::span<const double> values);

// What each test image adds to a result in percent: 1 right, 0 wrong, between them for a mean over cells; the result is 100
// times their mean. Null where it is not known.
using ImageScores = std::shared_ptr<const std::vector<float>>;

// The same of results whose test images are known: from 10 values the interval is a bootstrap over values and test images alike
// (2,000 resamples), if every value has scores of the same number of images.
Statistics statistics(std::span<const double> values, std::span<const ImageScores> images);

// SplitMix64 (Steele, Lea, Flood 2014): the same stream on every machine, which std::uniform_int_distribution does not promise.
class Random {
 public:
  // Uniform below n, n < 2^32.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(((next() >> 32) * n) >> 32); }
  // How often each of n things comes up in so many draws with replacement.
  std::vector<float> weights(std::size_t n, std::size_t draws);

 private:
  std::uint64_t next();
  std::uint64_t state_ = 42;
};

// The mean of a resample: n - 1 of the n values are drawn with replacement (1 of 1), which gives the variance of the mean
// without bias however few they are (Rao and Wu 1988). `images`, where not empty, are the scores of each value, and
// `image_weights` says how often each of them was drawn; then the mean is over the images drawn of the values drawn.
double resampled_mean(std::span<const double> values, std::span<const ImageScores> images, std::span<const float> image_weights,
                      Random& random);

// 95 % percentile interval of what `draw` gives, 2,000 times with a fixed seed.
struct Interval {
  double low = unknown, high = unknown;
};
Interval percentile_interval(const std::function<double(Random&)>& draw);

}  // namespace tbft::results
