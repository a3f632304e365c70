#include "harness/data/corruption/canvas.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace tbft::data {

Canvas to_canvas(std::span<const std::uint8_t> rgb) {
  Canvas canvas(corrupted_side, corrupted_side);
  const std::uint8_t* byte = rgb.data();
  for (auto& pixel : canvas) {
    for (int c = 0; c < 3; ++c) pixel[c] = *byte++ / 255.0;
  }
  return canvas;
}

std::uint8_t truncated(double value) {
  // Rounding errors differ between processors. They must not push a value below the integer that it equals in exact arithmetic.
  constexpr double rounding = 1e-9;
  return static_cast<std::uint8_t>(std::clamp(value + rounding, 0.0, 255.0));
}

void to_bytes(const Canvas& canvas, std::span<std::uint8_t> rgb) {
  std::uint8_t* byte = rgb.data();
  for (const auto& pixel : canvas) {
    for (int c = 0; c < 3; ++c) *byte++ = truncated(pixel[c] * 255);
  }
}

cv::Mat gaussian_blurred(const cv::Mat& image, double sigma, double truncate, int border) {
  const int radius = static_cast<int>(std::lround(truncate * sigma));
  if (radius == 0) return image.clone();
  cv::Mat out;
  cv::GaussianBlur(image, out, cv::Size(2 * radius + 1, 2 * radius + 1), sigma, sigma, border);
  return out;
}

Plane plasma(Rng& rng, int size, double decay) {
  Plane map(size, size, 0.0);
  const auto at = [&](int y, int x) -> double& { return map((y + size) % size, (x + size) % size); };
  double wibble = 100;
  // The mean of four neighbours plus a random step.
  const auto stepped = [&](double a, double b, double c, double d) {
    return (a + b + c + d) / 4 + wibble * rng.uniform(-wibble, wibble);
  };
  for (int step = size; step >= 2; step /= 2) {
    const int half = step / 2;
    for (int y = 0; y < size; y += step) {
      for (int x = 0; x < size; x += step) {
        at(y + half, x + half) = stepped(at(y, x), at(y + step, x), at(y, x + step), at(y + step, x + step));
      }
    }
    for (int y = 0; y < size; y += half) {
      for (int x = y % step == 0 ? half : 0; x < size; x += step) {
        at(y, x) = stepped(at(y - half, x), at(y + half, x), at(y, x - half), at(y, x + half));
      }
    }
    wibble /= decay;
  }
  double low = 0, high = 0;
  cv::minMaxLoc(map, &low, &high);
  for (auto& value : map) value = (value - low) / (high - low);
  return map;
}

}  // namespace tbft::data
