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

// The value of an unknown number; it is never written as 0.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Statistics {
  std::size_t n = 0;
  double mean = unknown;
  double sd = unknown;                   // of the sample (divisor n - 1)
  double low = unknown, high = unknown;  // 95 % interval of the mean
};

// Statistics of independent finite values. The interval is Student's t for 2 to 9 values and the bootstrap percentile interval
// from 10 (10,000 resamples with a fixed seed, so that the same values in the same order give the same interval). It is unknown
// for 1 value.
Statistics statistics(std::span<const double> values);

// The score of each test image: 1 if correct, 0 if wrong, in between for a mean over cells. The result in percent is 100 times
// their mean. Null where it is unknown.
using ImageScores = std::shared_ptr<const std::vector<float>>;

// a - b for each image; null unless both are known and of the same number of images.
ImageScores difference(const ImageScores& a, const ImageScores& b);

// Whether all scores are known and of the same number of images.
bool same_images(std::span<const ImageScores> images);

// The same for results with known image scores. From 10 values the interval is a bootstrap over both values and test images
// (2,000 resamples), if every value has scores of the same number of images.
Statistics statistics(std::span<const double> values, std::span<const ImageScores> images);

// SplitMix64 (Steele, Lea, Flood 2014). The stream is the same on every machine, which std::uniform_int_distribution does not
// guarantee.
class Random {
 public:
  // Uniform below n, n < 2^32.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(((next() >> 32) * n) >> 32); }
  // Counts how often each of n items is drawn in `draws` draws with replacement.
  std::vector<float> weights(std::size_t n, std::size_t draws);

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

// The mean of a resample. n - 1 of the n values are drawn with replacement (1 of 1), which estimates the variance of the mean
// without bias for any n (Rao and Wu 1988). `images`, if not empty, has the image scores of each value, and `image_weights` how
// often each image was drawn; the mean is then over the drawn images of the drawn values.
double resampled_mean(std::span<const double> values, std::span<const ImageScores> images, std::span<const float> image_weights,
                      Random& random);

struct Interval {
  double low = unknown, high = unknown;
};

// 95 % interval of the mean of results, over the test images too where their scores are known. From 10 values a bootstrap over
// both. A bootstrap over fewer values is too narrow (of two it is from one to the other): of 2 to 9 it is Student's t over the
// values and, where the images are known, the bootstrap over images, whose half-widths add in squares. Of 1 value it is over
// images, or unknown.
Interval mean_interval(std::span<const double> values, std::span<const ImageScores> images);

// 95 % percentile interval of 2,000 calls of `draw` with a fixed seed.
Interval percentile_interval(const std::function<double(Random&)>& draw);

}  // namespace tbft::results
