// The image type of the corruptions, and operations that several of them share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "harness/data/corruption/corruption.h"

namespace tbft::data {

using Colour = cv::Vec3d;         // red, green, blue
using Canvas = cv::Mat_<Colour>;  // 32x32, values 0..1
using Plane = cv::Mat_<double>;   // one channel

// The parameters of a severity, 1 to 5.
template <typename Parameters>
Parameters at_severity(const std::array<Parameters, severities>& list, int severity) {
  return list.at(static_cast<std::size_t>(severity - 1));
}

Canvas to_canvas(std::span<const std::uint8_t> rgb);
// Clips to 0..1 and truncates to bytes, as the published generator does.
void to_bytes(const Canvas& canvas, std::span<std::uint8_t> rgb);
// One value 0..255 by the same rule.
std::uint8_t truncated(double value);

// Enlarges the central ceil(32/zoom) px of the image `zoom` times (bilinear, corners aligned) and returns the middle 32x32.
template <typename Value>
cv::Mat_<Value> zoom_into(const cv::Mat_<Value>& image, double zoom) {
  const int crop = static_cast<int>(std::ceil(corrupted_side / zoom));
  const int top = (corrupted_side - crop) / 2;
  const int zoomed = static_cast<int>(std::lrint(crop * zoom));  // halves to even
  const int trim = (zoomed - corrupted_side) / 2;
  const double step = (crop - 1.0) / (zoomed - 1.0);
  struct Tap {
    int low, high;
    double share_of_high;
  };
  std::array<Tap, corrupted_side> taps{};
  for (int i = 0; i < corrupted_side; ++i) {
    const double at = (i + trim) * step;
    const int low = std::min(static_cast<int>(at), crop - 1);
    taps.at(static_cast<std::size_t>(i)) = {top + low, top + std::min(low + 1, crop - 1), at - low};
  }
  cv::Mat_<Value> out(corrupted_side, corrupted_side);
  for (int y = 0; y < corrupted_side; ++y) {
    const Tap& v = taps.at(static_cast<std::size_t>(y));
    for (int x = 0; x < corrupted_side; ++x) {
      const Tap& h = taps.at(static_cast<std::size_t>(x));
      const Value upper = image(v.low, h.low) * (1 - h.share_of_high) + image(v.low, h.high) * h.share_of_high;
      const Value lower = image(v.high, h.low) * (1 - h.share_of_high) + image(v.high, h.high) * h.share_of_high;
      out(y, x) = upper * (1 - v.share_of_high) + lower * v.share_of_high;
    }
  }
  return out;
}

// Motion blur to one side. Tap i of 2 radius + 1 has the weight exp(-i^2 / 2 sigma^2) and lies i px away in the direction of
// the angle (degrees, y down), on the nearest pixel. Edges are replicated.
template <typename Value>
cv::Mat_<Value> motion_blurred(const cv::Mat_<Value>& image, int radius, double sigma, double angle_deg) {
  struct Tap {
    int dx, dy;
    double weight;
  };
  const double angle = angle_deg * CV_PI / 180;
  std::vector<Tap> taps;
  double sum = 0;
  for (int i = 0; i <= 2 * radius; ++i) {
    const double weight = std::exp(-i * i / (2 * sigma * sigma));
    taps.push_back({static_cast<int>(std::ceil(i * std::cos(angle) - 0.5)),
                    static_cast<int>(std::ceil(i * std::sin(angle) - 0.5)), weight});
    sum += weight;
  }
  cv::Mat_<Value> out(corrupted_side, corrupted_side);
  for (int y = 0; y < corrupted_side; ++y) {
    for (int x = 0; x < corrupted_side; ++x) {
      Value mean{};
      for (const Tap& tap : taps) {
        mean +=
            image(std::clamp(y + tap.dy, 0, corrupted_side - 1), std::clamp(x + tap.dx, 0, corrupted_side - 1)) * tap.weight;
      }
      out(y, x) = mean * (1 / sum);
    }
  }
  return out;
}

// Gaussian of 2 floor(truncate sigma + 1/2) + 1 taps; `border` is an OpenCV border type.
cv::Mat gaussian_blurred(const cv::Mat& image, double sigma, double truncate, int border);

// Diamond-square plasma on a torus of side `size` (a power of two), scaled to 0..1: a field whose steps have the amplitude
// wibble^2, wibble starting at 100 and divided by `decay` from one scale to the next.
Plane plasma(Rng& rng, int size, double decay);

}  // namespace tbft::data
