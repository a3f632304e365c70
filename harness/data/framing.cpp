#include "harness/data/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace tbft::data {
namespace {

// Pillow's fixed point: 8 bits of a value and 2 bits for sums leave 22 bits for a weight.
constexpr int weight_bits = 32 - 8 - 2;

// Where one value of the result comes from: weights[0..] of the values from `first` on.
struct Window {
  int first = 0;
  std::vector<std::int32_t> weights;
};

// Halves upwards, as Pillow does it.
int rounded(double value) {
  return static_cast<int>(std::floor(value + 0.5));
}

std::vector<Window> windows(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double support = std::max(scale, 1.0);  // half the base of the triangle
  const double slope = 1 / support;
  std::vector<Window> result(static_cast<std::size_t>(to));
  std::vector<double> weights;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(rounded(centre - support), 0);
    const int end = std::min(rounded(centre + support), from);
    weights.clear();
    double sum = 0;
    for (int k = first; k < end; ++k) {
      weights.push_back(std::max(1 - std::abs((k - centre + 0.5) * slope), 0.0));
      sum += weights.back();
    }
    auto& window = result[static_cast<std::size_t>(i)];
    window.first = first;
    for (const double weight : weights) window.weights.push_back(rounded(weight / sum * (1 << weight_bits)));
  }
  return result;
}

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> weight_bits, 0, 255));
}

cv::Mat resampled_rows(const cv::Mat& image, int width) {
  const int channels = image.channels();
  cv::Mat result(image.rows, width, image.type());
  const auto all = windows(image.cols, width);
  for (int y = 0; y < image.rows; ++y) {
    const std::uint8_t* const row = image.ptr(y);
    std::uint8_t* to = result.ptr(y);
    for (const auto& window : all) {
      for (int c = 0; c < channels; ++c) {
        std::int32_t sum = 1 << (weight_bits - 1);
        const std::uint8_t* value = row + static_cast<std::ptrdiff_t>(window.first) * channels + c;
        for (const auto weight : window.weights) {
          sum += *value * weight;
          value += channels;
        }
        *to++ = to_byte(sum);
      }
    }
  }
  return result;
}

cv::Mat resampled_columns(const cv::Mat& image, int height) {
  cv::Mat result(height, image.cols, image.type());
  const auto all = windows(image.rows, height);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(image.cols * image.channels()));
  for (int y = 0; y < height; ++y) {
    const auto& window = all[static_cast<std::size_t>(y)];
    std::ranges::fill(sums, 1 << (weight_bits - 1));
    for (std::size_t k = 0; k < window.weights.size(); ++k) {
      const std::uint8_t* value = image.ptr(window.first + static_cast<int>(k));
      for (auto& sum : sums) sum += *value++ * window.weights[k];
    }
    std::ranges::transform(sums, result.ptr(y), to_byte);
  }
  return result;
}

}  // namespace

cv::Mat resampled(const cv::Mat& image, cv::Size size) {
  cv::Mat result = size.width == image.cols ? image : resampled_rows(image, size.width);
  return size.height == image.rows ? result : resampled_columns(result, size.height);
}

cv::Mat framed(const cv::Mat& image, const Framing& framing) {
  cv::Mat result = image;
  const int shorter = std::min(image.rows, image.cols);
  if (framing.resize > 0 && framing.resize != shorter) {
    const auto scaled = [&](int length) { return framing.resize * length / shorter; };
    const auto width = scaled(image.cols), height = scaled(image.rows);
    if (std::max(width, height) > max_resized_side)
      throw std::runtime_error(fmt::format("{}x{} pixels, which ?resize={} would make {}x{}; the limit is {} a side",
                                           image.cols, image.rows, framing.resize, width, height, max_resized_side));
    result = resampled(image, cv::Size(static_cast<int>(width), static_cast<int>(height)));
  }
  if (framing.crop == 0) return result;
  const auto side = static_cast<int>(framing.crop);
  if (std::min(result.rows, result.cols) < side)
    throw std::runtime_error(fmt::format("{}x{} pixels, less than the crop of {}; ?resize=N with N of at least {} enlarges it",
                                         result.cols, result.rows, side, side));
  const auto offset = [&](int length) { return static_cast<int>(std::nearbyint((length - side) / 2.0)); };
  return result(cv::Rect(offset(result.cols), offset(result.rows), side, side));
}

}  // namespace tbft::data
