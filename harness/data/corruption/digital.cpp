// Digital: contrast, elastic transform, pixelation, JPEG.
#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/data/corruption/canvas.h"
#include "harness/data/corruption/makers.h"

namespace tbft::data {
namespace {

// The value at a position between pixels, bilinear. The image is mirrored at its edges, which lie half a pixel outside the
// outermost pixel centres.
Colour sample(const Canvas& canvas, double y, double x) {
  const auto mirrored = [](double at) {
    return cv::borderInterpolate(static_cast<int>(at), corrupted_side, cv::BORDER_REFLECT);
  };
  const double y0 = std::floor(y), x0 = std::floor(x);
  const int top = mirrored(y0), bottom = mirrored(y0 + 1), left = mirrored(x0), right = mirrored(x0 + 1);
  const double down = y - y0, along = x - x0;
  return (canvas(top, left) * (1 - along) + canvas(top, right) * along) * (1 - down) +
         (canvas(bottom, left) * (1 - along) + canvas(bottom, right) * along) * down;
}

// Displacements in px: uniform noise, smoothed.
Plane displacement(Rng& rng, double amplitude, double sigma) {
  Plane noise(corrupted_side, corrupted_side);
  for (auto& value : noise) value = amplitude * rng.uniform(-1, 1);
  constexpr double truncate = 3;
  return gaussian_blurred(noise, sigma, truncate, cv::BORDER_REFLECT);
}

// Pillow's box filter along rows of any length, which become `to` px: each output is the mean of the inputs whose centres lie
// in its box, rounded to a byte.
cv::Mat3b rows_resized(const cv::Mat3b& image, int to) {
  cv::Mat3b out(image.rows, to);
  const double scale = static_cast<double>(image.cols) / to;
  const double half = std::max(scale, 1.0) / 2;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    // -half < (k + 1/2) - centre <= half
    const cv::Range box(std::max(static_cast<int>(std::floor(centre - half - 0.5)) + 1, 0),
                        std::min(static_cast<int>(std::floor(centre + half - 0.5)) + 1, image.cols));
    for (int y = 0; y < image.rows; ++y) {
      const auto mean = cv::sum(image(cv::Range(y, y + 1), box)) / static_cast<double>(box.size());
      for (int c = 0; c < 3; ++c) out(y, i)[c] = cv::saturate_cast<std::uint8_t>(std::floor(mean[c] + 0.5));
    }
  }
  return out;
}

// Rows first, then columns, as Pillow does.
cv::Mat3b box_resized(const cv::Mat3b& image, int to) {
  cv::Mat3b columns, out;
  cv::transpose(rows_resized(image, to), columns);
  cv::transpose(rows_resized(columns, to), out);
  return out;
}

cv::Mat3b view(std::span<std::uint8_t> rgb) {
  return {corrupted_side, corrupted_side, reinterpret_cast<cv::Vec3b*>(rgb.data())};
}

}  // namespace

Corrupt make_contrast(int severity, const Frost&) {
  const double factor = at_severity<double>({.75, .5, .4, .3, .15}, severity);
  return [factor](std::span<std::uint8_t> rgb, Rng&) {
    const auto sum = cv::sum(view(rgb));
    for (std::size_t i = 0; i < rgb.size(); ++i) {
      const double mean = sum[static_cast<int>(i % 3)] / (corrupted_side * corrupted_side);
      rgb[i] = truncated((rgb[i] - mean) * factor + mean);
    }
  };
}

Corrupt make_elastic_transform(int severity, const Frost&) {
  struct Elastic {
    double amplitude, sigma, jitter;
  };
  const auto elastic =
      at_severity<Elastic>({{{0, 0, 2.56}, {1.6, 6.4, 2.24}, {2.56, 1.92, 1.92}, {3.2, 1.28, 1.6}, {3.2, .96, .96}}}, severity);
  return [=](std::span<std::uint8_t> rgb, Rng& rng) {
    const auto [amplitude, sigma, jitter] = elastic;
    // Three corners of a square around the centre, a third of the image away in each direction.
    constexpr int half_px = corrupted_side / 2, third_px = corrupted_side / 3;
    constexpr float middle = half_px, third = third_px;
    const std::array<cv::Point2f, 3> from{cv::Point2f{middle + third, middle + third},
                                          cv::Point2f{middle + third, middle - third},
                                          cv::Point2f{middle - third, middle - third}};
    auto to = from;
    for (auto& point : to) {
      point.x += static_cast<float>(rng.uniform(-jitter, jitter));
      point.y += static_cast<float>(rng.uniform(-jitter, jitter));
    }
    Canvas moved;
    cv::warpAffine(to_canvas(rgb), moved, cv::getAffineTransform(from.data(), to.data()),
                   cv::Size(corrupted_side, corrupted_side), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
    const Plane dx = displacement(rng, amplitude, sigma), dy = displacement(rng, amplitude, sigma);
    Canvas canvas(corrupted_side, corrupted_side);
    for (int y = 0; y < corrupted_side; ++y) {
      for (int x = 0; x < corrupted_side; ++x) canvas(y, x) = sample(moved, y + dy(y, x), x + dx(y, x));
    }
    to_bytes(canvas, rgb);
  };
}

Corrupt make_pixelate(int severity, const Frost&) {
  const int side = at_severity<int>({30, 28, 27, 24, 20}, severity);
  return [side](std::span<std::uint8_t> rgb, Rng&) {
    box_resized(box_resized(view(rgb), side), corrupted_side).copyTo(view(rgb));
  };
}

Corrupt make_jpeg_compression(int severity, const Frost&) {
  const int quality = at_severity<int>({80, 65, 58, 50, 40}, severity);
  return [quality](std::span<std::uint8_t> rgb, Rng&) {
    cv::Mat bgr;
    cv::cvtColor(view(rgb), bgr, cv::COLOR_RGB2BGR);
    std::vector<std::uint8_t> file;
    cv::imencode(".jpg", bgr, file, {cv::IMWRITE_JPEG_QUALITY, quality});
    cv::cvtColor(cv::imdecode(file, cv::IMREAD_COLOR), view(rgb), cv::COLOR_BGR2RGB);
  };
}

}  // namespace tbft::data
