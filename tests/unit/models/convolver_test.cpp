// Convolutions by oneDNN's own interface against loops in double.
#include "models/convolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace tbft::models {
namespace {

constexpr std::int64_t images = 3;

std::vector<float> wave(std::int64_t n, float step) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * step + 0.5F);
  return values;
}

struct Work {
  Convolution shape;
  bool channels_last;
  AfterConvolution after;

  std::int64_t of_a_channel() const { return shape.in / shape.groups * shape.kernel * shape.kernel; }
  std::vector<float> weight = wave(shape.out * of_a_channel(), 0.7F), scale = wave(shape.out, 0.3F),
                     bias = wave(shape.out, 1.1F);
  std::vector<float> input = wave(images * shape.side * shape.side * shape.in, 0.31F);
  std::vector<float> before = wave(images * shape.out_side() * shape.out_side() * shape.out, 1.3F);

  float weight_at(std::int64_t out, std::int64_t in, std::int64_t y, std::int64_t x) const {
    const std::int64_t k = shape.kernel, group = shape.in / shape.groups;
    const std::int64_t at = channels_last ? ((out * k + y) * k + x) * group + in : ((out * group + in) * k + y) * k + x;
    return weight[static_cast<std::size_t>(at)];
  }
  // One value of the output.
  double expected(std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t out) const {
    double sum = 0;
    const std::int64_t group = shape.in / shape.groups, first = out / (shape.out / shape.groups) * group;
    for (std::int64_t i = 0; i < group * shape.kernel * shape.kernel; ++i) {
      const std::int64_t in = i % group, dx = i / group % shape.kernel, dy = i / group / shape.kernel;
      const std::int64_t from_y = y * shape.stride - shape.padding + dy, from_x = x * shape.stride - shape.padding + dx;
      if (from_y < 0 || from_x < 0 || from_y >= shape.side || from_x >= shape.side) continue;
      const auto at = static_cast<std::size_t>(((image * shape.side + from_y) * shape.side + from_x) * shape.in + first + in);
      sum += static_cast<double>(weight_at(out, in, dy, dx)) * static_cast<double>(input[at]);
    }
    const auto channel = static_cast<std::size_t>(out);
    return sum * static_cast<double>(scale[channel]) + static_cast<double>(bias[channel]);
  }
  std::vector<float> run() const {
    auto output = before;
    Convolver(images, shape, {weight.data(), channels_last, scale.data(), bias.data()}, after).run(input.data(), output.data());
    return output;
  }
};

std::vector<Work> works() {
  std::vector<Work> all;
  for (const Convolution& shape :
       {Convolution{.in = 3, .out = 16, .kernel = 3, .side = 9, .padding = 1},
        Convolution{.in = 16, .out = 32, .kernel = 3, .stride = 2, .side = 8, .padding = 1},
        Convolution{.in = 32, .out = 32, .kernel = 3, .stride = 2, .side = 8, .padding = 1, .groups = 32},
        Convolution{.in = 16, .out = 64, .kernel = 1, .side = 5}, Convolution{.in = 24, .out = 40, .kernel = 1, .side = 5},
        Convolution{.in = 3, .out = 8, .kernel = 7, .stride = 2, .side = 16, .padding = 3}})
    for (const bool channels_last : {true, false})
      for (const bool relu : {true, false})
        for (const bool adds : {true, false}) all.push_back({shape, channels_last, {.adds = adds, .relu = relu}});
  return all;
}

std::string text(const Work& work) {
  return std::to_string(work.shape.in) + " to " + std::to_string(work.shape.out) +
         (work.channels_last ? ", channels last" : "") + (work.after.adds ? ", adds" : "") + (work.after.relu ? ", relu" : "");
}

TEST(Convolver, IsTheSumOfProductsAndWhatFollowsIt) {
  for (const Work& work : works()) {
    const auto output = work.run();
    const std::int64_t side = work.shape.out_side();
    double worst = 0;
    std::size_t at = 0;
    for (std::int64_t image = 0; image < images; ++image)
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x)
          for (std::int64_t out = 0; out < work.shape.out; ++out, ++at) {
            double value = work.expected(image, y, x, out);
            if (work.after.adds) value += static_cast<double>(work.before[at]);
            if (work.after.relu) value = std::max(value, 0.0);
            worst = std::max(worst, std::abs(value - static_cast<double>(output[at])));
          }
    EXPECT_LT(worst, 1e-4) << text(work);
  }
}

TEST(Convolver, KeepsNaN) {
  for (Work work : works()) {
    work.input.front() = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::ranges::any_of(work.run(), [](float value) { return std::isnan(value); })) << text(work);
  }
}

}  // namespace
}  // namespace tbft::models
