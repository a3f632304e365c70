// The built-in data set: ten shapes on a cluttered background, 32 px RGB, with four sub-populations of each class.
//
// Only + - * / and sqrt are used, and contraction to fused multiply-add is off for this file and shapes.cpp, so every machine
// makes the same bytes. Image i of a part depends on (seed, part, i) only. A longer set therefore begins with the shorter one,
// and the parts are disjoint streams.
//
// Each drift changes its level only. Input: the same scenes through a bad camera (blur, lower contrast, noise). Feature:
// sub-populations of the same classes that the source does not contain (as in Living-17). Output: the same images with permuted
// labels (as in CIFAR-Flip).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "harness/data/kinds.h"
#include "harness/data/params.h"
#include "harness/data/rng.h"
#include "harness/data/shapes.h"

namespace tbft::data {
namespace {

constexpr int side = 32;
constexpr std::size_t pixels = 1024;
constexpr double middle = 16;
constexpr int classes = 10;
constexpr int label_pairs = 5;

using Colour = std::array<double, 3>;       // 0..1
using Canvas = std::array<Colour, pixels>;  // row-major

struct Placement {
  double x, y, cosine, sine;
};

// How the inside of a shape is drawn. The source's shapes are filled or outlined, the target's have bands: striped or dashed.
struct Style {
  bool outlined, banded;
};

double luma(const Colour& c) {
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
}

// Row-major index of a pixel.
std::size_t index_of(int y, int x) {
  return static_cast<std::size_t>(y) * side + static_cast<std::size_t>(x);
}

Colour random_colour(Rng& rng) {
  const double r = rng.uniform(), g = rng.uniform(), b = rng.uniform();
  return {r, g, b};
}

// A colour clearly brighter than `ground`, which is dark. Draws until one is bright enough; after many attempts it returns
// white.
Colour brighter_colour(Rng& rng, const Colour& ground) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    const Colour colour = random_colour(rng);
    if (luma(colour) - luma(ground) >= 0.15) return colour;
  }
  return {1, 1, 1};
}

Colour mix(const Colour& a, const Colour& b, double share_of_b) {
  Colour out{};
  for (std::size_t c = 0; c < 3; ++c) out[c] = a[c] + share_of_b * (b[c] - a[c]);
  return out;
}

// Opacity of a pixel whose centre lies `distance` px outside an edge.
double coverage(double distance) {
  return std::clamp(0.5 - distance, 0.0, 1.0);
}

// Triangle wave of period 1 between -1 and 1.
double wave(double t) {
  return 4 * std::abs(t - std::floor(t) - 0.5) - 1;
}

// A random position within `jitter` px of the centre and a rotation of up to 2 atan(tilt) in either direction (90 degrees for
// tilt 1). The half-angle form needs no sine and cosine.
Placement random_placement(Rng& rng, double jitter, double tilt) {
  const double x = middle + rng.uniform(-jitter, jitter), y = middle + rng.uniform(-jitter, jitter);
  const double t = rng.uniform(-tilt, tilt);
  return {.x = x, .y = y, .cosine = (1 - t * t) / (1 + t * t), .sine = 2 * t / (1 + t * t)};
}

template <typename Draw>
void for_each_pixel(Canvas& canvas, Draw draw) {
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) draw(canvas[index_of(y, x)], x + 0.5, y + 0.5);
  }
}

// A gradient between two near colours under fine stripes. Returns their mean.
Colour draw_ground(Rng& rng, Canvas& canvas) {
  const Colour one = mix({0, 0, 0}, random_colour(rng), 0.7);
  const Colour other = mix(one, random_colour(rng), 0.35);
  const Placement slope = random_placement(rng, 0, 1);
  const Placement stripes = random_placement(rng, 0, 1);
  const double strength = rng.uniform(0, 0.1), period = rng.uniform(3, 8);
  for_each_pixel(canvas, [&](Colour& pixel, double x, double y) {
    const double share = std::clamp(0.5 + ((x - slope.x) * slope.cosine + (y - slope.y) * slope.sine) / side, 0.0, 1.0);
    pixel = mix(one, other, share);
    const double texture = strength * wave((x * stripes.cosine + y * stripes.sine) / period);
    for (double& value : pixel) value += texture;
  });
  return mix(one, other, 0.5);
}

// Thin lines of any colour.
void draw_clutter(Rng& rng, Canvas& canvas) {
  const int lines = 1 + rng.below(4);
  for (int i = 0; i < lines; ++i) {
    const Placement place = random_placement(rng, middle, 1);
    const double half = rng.uniform(2, 7), width = rng.uniform(0.4, 0.9);
    const Colour colour = random_colour(rng);
    for_each_pixel(canvas, [&](Colour& pixel, double x, double y) {
      const double along = (x - place.x) * place.cosine + (y - place.y) * place.sine;
      const double across = (y - place.y) * place.cosine - (x - place.x) * place.sine;
      const double beyond = std::max(std::abs(along) - half, 0.0);
      pixel = mix(pixel, colour, coverage(std::sqrt(beyond * beyond + across * across) - width));
    });
  }
}

void draw_shape(Rng& rng, Canvas& canvas, const Shape& shape, Style style, const Colour& ground) {
  const Placement place = random_placement(rng, 4, 0.25);
  const double radius = rng.uniform(8, 12);
  // Proportions differ too: the source's shapes are nearly regular, the target's are slim.
  const double stretch = style.banded ? rng.uniform(0.6, 0.75) : rng.uniform(0.85, 1.0);
  const bool upright = rng.uniform() < 0.5;
  std::vector<Point> outline = shape.outline;
  for (auto& point : outline) {
    point.x *= radius * (upright ? stretch : 1);
    point.y *= radius * (upright ? 1 : stretch);
  }
  const Colour colour = brighter_colour(rng, ground);
  const double line = rng.uniform(1.6, 2.4), period = rng.uniform(3.5, 5), phase = rng.uniform();
  for_each_pixel(canvas, [&](Colour& pixel, double x, double y) {
    const double dx = x - place.x, dy = y - place.y;
    const Point p{.x = dx * place.cosine + dy * place.sine, .y = dy * place.cosine - dx * place.sine};
    const double distance = signed_distance(outline, p);
    const double inside = coverage(distance);
    const double rim = inside * (1 - coverage(distance + line));
    // Diagonal bands with soft edges, in the frame of the shape.
    const double bands = std::clamp(0.5 + wave((p.x + p.y) / (period * 1.4) + phase) * period / 2, 0.3, 1.0);
    pixel = mix(pixel, colour, (style.outlined ? rim : inside) * (style.banded ? bands : 1));
  });
}

void add_noise(Rng& rng, Canvas& canvas, double deviation) {
  for (auto& pixel : canvas) {
    for (double& value : pixel) value += deviation * rng.normal();
  }
}

// Input drift: 3x3 mean, lower contrast around mid-grey, and sensor noise, each proportional to the severity.
void corrupt(Rng& rng, Canvas& canvas, double severity) {
  const Canvas sharp = canvas;
  const auto at = [&](int y, int x) -> const Colour& {
    return sharp[index_of(std::clamp(y, 0, side - 1), std::clamp(x, 0, side - 1))];
  };
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      Colour mean{};
      for (int k = 0; k < 9; ++k) {
        for (std::size_t c = 0; c < 3; ++c) mean[c] += at(y + k / 3 - 1, x + k % 3 - 1)[c] / 9;
      }
      const Colour blurred = mix(at(y, x), mean, severity);
      canvas[index_of(y, x)] = mix(blurred, {0.5, 0.5, 0.5}, 0.4 * severity);
    }
  }
  add_noise(rng, canvas, 0.1 * severity);
}

struct Recipe {
  std::uint64_t seed, part;
  std::string drift;
  double severity;
};

Canvas draw_image(const Recipe& recipe, std::uint64_t index, int label) {
  Rng rng(recipe.seed, recipe.part, index);
  Canvas canvas{};
  const Colour ground = draw_ground(rng, canvas);
  draw_clutter(rng, canvas);
  const bool outlined = rng.uniform() < 0.5;
  const bool drifts = rng.uniform() < recipe.severity;  // always drawn: the same scene with and without the drift
  const Style style{.outlined = outlined, .banded = drifts && recipe.drift == "feature"};
  draw_shape(rng, canvas, shapes()[static_cast<std::size_t>(label)], style, ground);
  draw_clutter(rng, canvas);
  add_noise(rng, canvas, 0.04);
  if (recipe.drift == "input") corrupt(rng, canvas, recipe.severity);
  return canvas;
}

}  // namespace

Images load_synthetic(const DatasetSpec& spec) {
  const Params params(spec, {"part", "drift", "n", "seed", "severity"});
  params.refuse_path();
  const std::string drift = params.one_of("drift", "none", {"none", "input", "feature", "output"});
  const std::string part = params.one_of("part", drift == "none" ? "test" : "target", {"train", "test", "target"});
  if (drift != "none" && part != "target") {
    throw BadDatasetSpec(
        fmt::format("{}: part={} is source data, which does not drift; use part=target", to_string(spec), part));
  }
  const auto n = params.whole("n", 4000, classes, 1'000'000);
  const auto seed = params.seed(1);
  const double severity = params.real("severity", 1, 0, 1);
  const std::uint64_t stream = part == "train" ? 1 : part == "test" ? 2 : 3;

  Images images{.height = side, .width = side};
  for (const auto& shape : shapes()) images.class_names.emplace_back(shape.name);
  auto& bytes = images.pixels.owned();
  bytes.reserve(static_cast<std::size_t>(n * images.bytes_per_image()));
  const Recipe recipe{.seed = seed, .part = stream, .drift = drift, .severity = severity};
  const int flipped_pairs = drift == "output" ? static_cast<int>(std::lround(severity * label_pairs)) : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const int label = static_cast<int>(i % classes);
    for (const auto& pixel : draw_image(recipe, static_cast<std::uint64_t>(i), label)) {
      for (const double value : pixel) {
        bytes.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255)));
      }
    }
    // Output drift: label y becomes 9 - y; a lower severity swaps the outer pairs only.
    const bool flips = std::min(label, classes - 1 - label) < flipped_pairs;
    images.labels.push_back(flips ? classes - 1 - label : label);
  }
  return images;
}

}  // namespace tbft::data
