// Blur: defocus, glass, motion, zoom.
#include <opencv2/imgproc.hpp>

#include "harness/data/corruption/canvas.h"
#include "harness/data/corruption/makers.h"

namespace tbft::data {

Corrupt make_defocus_blur(int severity, const Frost&) {
  struct Disk {
    double radius, sigma;
  };
  const auto [radius, sigma] = at_severity<Disk>({{{.3, .4}, {.4, .5}, {.5, .6}, {1, .2}, {1.5, .1}}}, severity);
  // The published grid is 17x17. With radii up to 1.5 and a 3x3 Gaussian, only its central 5x5 is not zero.
  constexpr int reach = 2;
  Plane disk(2 * reach + 1, 2 * reach + 1, 0.0);
  for (int y = -reach; y <= reach; ++y) {
    for (int x = -reach; x <= reach; ++x) disk(y + reach, x + reach) = x * x + y * y <= radius * radius ? 1 : 0;
  }
  disk /= cv::sum(disk)[0];
  cv::Mat kernel;
  cv::GaussianBlur(disk, kernel, cv::Size(3, 3), sigma, sigma, cv::BORDER_CONSTANT);
  return [kernel](std::span<std::uint8_t> rgb, Rng&) {
    Canvas blurred;
    cv::filter2D(to_canvas(rgb), blurred, -1, kernel, cv::Point(-1, -1), 0, cv::BORDER_REFLECT_101);
    to_bytes(blurred, rgb);
  };
}

Corrupt make_glass_blur(int severity, const Frost&) {
  struct Glass {
    double sigma;
    int distance, rounds;
  };
  const auto glass = at_severity<Glass>({{{.05, 1, 1}, {.25, 1, 1}, {.4, 1, 1}, {.25, 1, 2}, {.4, 1, 2}}}, severity);
  constexpr double truncate = 4;
  return [=](std::span<std::uint8_t> rgb, Rng& rng) {
    const auto [sigma, distance, rounds] = glass;
    to_bytes(gaussian_blurred(to_canvas(rgb), sigma, truncate, cv::BORDER_REPLICATE), rgb);
    Canvas canvas = to_canvas(rgb);
    for (int round = 0; round < rounds; ++round) {
      for (int y = corrupted_side - distance; y > distance; --y) {
        for (int x = corrupted_side - distance; x > distance; --x) {
          // The published code intends to swap two pixels, but its second assignment reads the pixel that the first has
          // overwritten, so it copies the neighbour. We do the same.
          const int dx = rng.below(2 * distance) - distance, dy = rng.below(2 * distance) - distance;
          canvas(y, x) = canvas(y + dy, x + dx);
        }
      }
    }
    to_bytes(gaussian_blurred(canvas, sigma, truncate, cv::BORDER_REPLICATE), rgb);
  };
}

Corrupt make_motion_blur(int severity, const Frost&) {
  struct Motion {
    int radius;
    double sigma;
  };
  const auto motion = at_severity<Motion>({{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}}, severity);
  return [=](std::span<std::uint8_t> rgb, Rng& rng) {
    const auto [radius, sigma] = motion;
    const double angle_deg = rng.uniform(-45, 45);
    to_bytes(motion_blurred<Colour>(to_canvas(rgb), radius, sigma, angle_deg), rgb);
  };
}

Corrupt make_zoom_blur(int severity, const Frost&) {
  // The zooms are 1.00, 1.01, ... The image itself is added once more.
  const int zooms = at_severity<int>({7, 12, 16, 21, 26}, severity);
  constexpr double step = 1.01 - 1;  // the step of numpy's arange: it makes 1.25 one bit too large, and 26 px times that 33 px
  return [zooms](std::span<std::uint8_t> rgb, Rng&) {
    const Canvas canvas = to_canvas(rgb);
    Canvas sum = canvas.clone();
    for (int i = 0; i < zooms; ++i) sum += zoom_into<Colour>(canvas, 1 + step * i);
    for (auto& pixel : sum) pixel *= 1.0 / (zooms + 1);
    to_bytes(sum, rgb);
  };
}

}  // namespace tbft::data
