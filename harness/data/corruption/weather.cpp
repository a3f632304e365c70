// Weather: snow, frost, fog, brightness.
#include <algorithm>

#include "harness/data/corruption/canvas.h"
#include "harness/data/corruption/distributions.h"
#include "harness/data/corruption/makers.h"

namespace tbft::data {

Corrupt make_snow(int severity, const Frost&) {
  struct Snow {
    double mean, deviation, zoom, threshold;
    int radius;
    double sigma, share_of_image;
  };
  const auto snow = at_severity<Snow>({{{.1, .2, 1, .6, 8, 3, .95},
                                        {.1, .2, 1, .5, 10, 4, .9},
                                        {.15, .3, 1.75, .55, 10, 4, .9},
                                        {.25, .3, 2.25, .6, 12, 6, .85},
                                        {.3, .3, 1.25, .65, 14, 12, .8}}},
                                      severity);
  return [snow](std::span<std::uint8_t> rgb, Rng& rng) {
    Normal normal(rng);
    Plane flakes(corrupted_side, corrupted_side);
    for (auto& flake : flakes) flake = snow.mean + snow.deviation * normal();
    flakes = zoom_into(flakes, snow.zoom);
    for (auto& flake : flakes) flake = flake < snow.threshold ? 0 : std::min(flake, 1.0);
    flakes = motion_blurred(flakes, snow.radius, snow.sigma, rng.uniform(-135, -45));
    Canvas canvas = to_canvas(rgb);
    for (int y = 0; y < corrupted_side; ++y) {
      for (int x = 0; x < corrupted_side; ++x) {
        auto& pixel = canvas(y, x);
        const double luma = .299 * pixel[0] + .587 * pixel[1] + .114 * pixel[2];
        const double both = flakes(y, x) + flakes(corrupted_side - 1 - y, corrupted_side - 1 - x);
        // First brighten the image, then add the flakes, and add them again rotated by 180 degrees to double their number.
        for (int c = 0; c < 3; ++c) {
          pixel[c] = snow.share_of_image * pixel[c] + (1 - snow.share_of_image) * std::max(pixel[c], luma * 1.5 + 0.5) + both;
        }
      }
    }
    to_bytes(canvas, rgb);
  };
}

Corrupt make_frost(int severity, const Frost& frost) {
  struct Blend {
    double image, frost;
  };
  const auto blend = at_severity<Blend>({{{1, .2}, {1, .3}, {.9, .4}, {.85, .4}, {.75, .45}}}, severity);
  return [blend, &frost](std::span<std::uint8_t> rgb, Rng& rng) {
    const auto& picture = frost.pictures()[static_cast<std::size_t>(rng.below(static_cast<int>(frost.pictures().size())))];
    const int top = rng.below(picture.rows - corrupted_side + 1);
    const int left = rng.below(picture.cols - corrupted_side + 1);
    auto value = rgb.begin();
    for (const auto& ice : cv::Mat3b(picture(cv::Rect(left, top, corrupted_side, corrupted_side))))
      for (int c = 0; c < 3; ++c, ++value) *value = truncated(blend.image * *value + blend.frost * ice[c]);
  };
}

Corrupt make_fog(int severity, const Frost&) {
  struct Fog {
    double strength, decay;
  };
  const auto severe = at_severity<Fog>({{{.2, 3}, {.5, 3}, {.75, 2.5}, {1, 2}, {1.5, 1.75}}}, severity);
  return [=](std::span<std::uint8_t> rgb, Rng& rng) {
    const auto [strength, decay] = severe;
    const Plane fog = plasma(rng, corrupted_side, decay);
    Canvas canvas = to_canvas(rgb);
    const double brightest = *std::ranges::max_element(rgb) / 255.0;
    for (int y = 0; y < corrupted_side; ++y) {
      for (int x = 0; x < corrupted_side; ++x) {
        auto& pixel = canvas(y, x);
        for (int c = 0; c < 3; ++c) pixel[c] = (pixel[c] + strength * fog(y, x)) * brightest / (brightest + strength);
      }
    }
    to_bytes(canvas, rgb);
  };
}

Corrupt make_brightness(int severity, const Frost&) {
  const double more = at_severity<double>({.05, .1, .15, .2, .3}, severity);
  return [more](std::span<std::uint8_t> rgb, Rng&) {
    // V of HSV is the largest channel. Raising it at constant hue and saturation scales all three channels equally.
    for (std::size_t i = 0; i < rgb.size(); i += 3) {
      const auto pixel = rgb.subspan(i, 3);
      const double before = *std::ranges::max_element(pixel);
      const double after = std::min(before + 255 * more, 255.0);
      for (auto& value : pixel) value = truncated(before > 0 ? value * after / before : after);
    }
  };
}

}  // namespace tbft::data
