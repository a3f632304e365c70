// Every instruction set that this processor has, against the same sums in double, one value at a time.
#include "models/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

namespace tbft::models::kernels {
namespace {

struct Data {
  std::int64_t rows, channels;
  std::vector<float> x, y, gradient, scale, shift, mean, slope, offset;

  Data(std::int64_t r, std::int64_t c) : rows(r), channels(c) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.3F, 1.0F);
    for (auto* map : {&x, &y, &gradient})
      for (std::int64_t i = 0; i < r * c; ++i) map->push_back(normal(random));
    for (auto* one : {&scale, &shift, &mean, &slope, &offset})
      for (std::int64_t i = 0; i < c; ++i) one->push_back(normal(random));
  }
  std::size_t channel(std::size_t i) const { return i % static_cast<std::size_t>(channels); }
  double activated(std::size_t i) const {
    return static_cast<double>(x[i]) * static_cast<double>(scale[channel(i)]) + static_cast<double>(shift[channel(i)]);
  }
};

// One row; rows that are no multiple of what a loop takes at once, below, at and above what is summed in float; channels that
// need each of a loop's widths.
class Passes : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {
 protected:
  Data data{std::get<0>(GetParam()), std::get<1>(GetParam())};
  std::size_t values() const { return data.x.size(); }
  std::vector<double> no_sums() const { return std::vector<double>(static_cast<std::size_t>(2 * data.channels), 0.0); }
  void expect_near(const std::vector<double>& sums, const std::vector<double>& expected) const {
    for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_NEAR(sums[i], expected[i], 1e-3) << i;
  }
};
INSTANTIATE_TEST_SUITE_P(RowsAndChannels, Passes,
                         ::testing::Combine(::testing::Values(1, 7, 128, 301), ::testing::Values(16, 32, 48, 64, 80, 128)));

TEST_P(Passes, SumValuesAndSquaresAboutThePivot) {
  auto expected = no_sums();
  for (std::size_t i = 0; i < values(); ++i) {
    const double d = static_cast<double>(data.x[i]) - static_cast<double>(data.mean[data.channel(i)]);
    expected[data.channel(i)] += d;
    expected[static_cast<std::size_t>(data.channels) + data.channel(i)] += d * d;
  }
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto sums = no_sums();
    set->moments(data.x.data(), data.rows, data.channels, data.mean.data(), sums.data());
    expect_near(sums, expected);
  }
}

TEST_P(Passes, AddWithAndWithoutMoments) {
  auto expected = no_sums();
  std::vector<float> total(values());
  for (std::size_t i = 0; i < values(); ++i) {
    total[i] = data.x[i] + data.y[i];
    const double d = static_cast<double>(total[i]) - static_cast<double>(data.mean[data.channel(i)]);
    expected[data.channel(i)] += d;
    expected[static_cast<std::size_t>(data.channels) + data.channel(i)] += d * d;
  }
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto sums = no_sums();
    auto y = data.y;
    set->add(y.data(), data.x.data(), data.rows, data.channels, data.mean.data(), sums.data());
    EXPECT_EQ(y, total);
    expect_near(sums, expected);
    y = data.y;
    set->add(y.data(), data.x.data(), data.rows, data.channels, nullptr, nullptr);
    EXPECT_EQ(y, total);
  }
}

TEST_P(Passes, NormaliseAndCutAtZeroInPlaceToo) {
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    std::vector<float> out(values());
    set->normalise_relu(data.x.data(), out.data(), data.rows, data.channels, data.scale.data(), data.shift.data());
    for (std::size_t i = 0; i < values(); ++i) EXPECT_NEAR(out[i], std::max(data.activated(i), 0.0), 1e-5) << i;
    auto x = data.x;
    set->normalise_relu(x.data(), x.data(), data.rows, data.channels, data.scale.data(), data.shift.data());
    EXPECT_EQ(x, out);
  }
}

TEST_P(Passes, KeepWhatIsNotANumber) {
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto x = data.x;
    x[5] = std::numeric_limits<float>::quiet_NaN();
    set->normalise_relu(x.data(), x.data(), data.rows, data.channels, data.scale.data(), data.shift.data());
    EXPECT_TRUE(std::isnan(x[5])) << "a diverged network must not look like a dead one";
  }
}

TEST_P(Passes, SumTheGradientBehindTheReluAndFormThatOfTheInput) {
  auto expected = no_sums();
  std::vector<double> plain(values());
  for (std::size_t i = 0; i < values(); ++i) {
    const auto c = data.channel(i);
    const double g = data.activated(i) > 0 ? static_cast<double>(data.gradient[i]) : 0;
    const double d = static_cast<double>(data.x[i]) - static_cast<double>(data.mean[c]);
    expected[c] += g;
    expected[static_cast<std::size_t>(data.channels) + c] += g * d;
    plain[i] =
        static_cast<double>(data.scale[c]) * g + static_cast<double>(data.slope[c]) * d + static_cast<double>(data.offset[c]);
  }
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto sums = no_sums();
    set->gradient_sums(data.x.data(), data.gradient.data(), data.rows, data.channels, data.scale.data(), data.shift.data(),
                       data.mean.data(), sums.data());
    expect_near(sums, expected);
    for (const float* beside : {static_cast<const float*>(nullptr), static_cast<const float*>(data.y.data())}) {
      auto gradient = data.gradient;  // in place
      set->input_gradient(data.x.data(), gradient.data(), beside, gradient.data(), data.rows, data.channels, data.scale.data(),
                          data.shift.data(), data.mean.data(), data.slope.data(), data.offset.data());
      for (std::size_t i = 0; i < values(); ++i)
        EXPECT_NEAR(gradient[i], plain[i] + (beside != nullptr ? static_cast<double>(beside[i]) : 0), 1e-4) << i;
    }
  }
}

struct Pooling {
  std::int64_t rows, side, channels, x_channels, stride;
};
class PooledShortcut : public ::testing::TestWithParam<Pooling> {};
INSTANTIATE_TEST_SUITE_P(Sizes, PooledShortcut,
                         ::testing::Values(Pooling{3, 4, 32, 16, 2}, Pooling{1, 1, 16, 16, 2}, Pooling{5, 3, 80, 48, 3},
                                           Pooling{2, 7, 128, 64, 1}));

TEST_P(PooledShortcut, AddsTheMeanOfThePixelsAndHandsTheirGradientBack) {
  const auto [rows, side, channels, x_channels, stride] = GetParam();
  const auto pixels = static_cast<float>(stride * stride);
  const Data out(rows * side, channels);
  const Data in(rows * side * stride * stride, x_channels);
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto y = out.x;
    set->add_pooled(y.data(), in.x.data(), rows, side, channels, x_channels, stride);
    auto dx = in.y;
    set->add_pooled_gradient(dx.data(), out.y.data(), rows, side, channels, x_channels, stride);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t p = 0; p < side; ++p)
        for (std::int64_t c = 0; c < channels; ++c) {
          const auto at = static_cast<std::size_t>((r * side + p) * channels + c);
          float mean = 0;
          for (std::int64_t k = 0; k < stride * stride && c < x_channels; ++k) {
            const std::int64_t line = r * stride + k / stride;
            const auto from = static_cast<std::size_t>((line * side * stride + p * stride + k % stride) * x_channels + c);
            mean += in.x[from] / pixels;
            EXPECT_NEAR(dx[from], in.y[from] + out.y[at] / pixels, 1e-6);
          }
          EXPECT_NEAR(y[at], out.x[at] + mean, 1e-6);
        }
  }
}

// As few values as no vector holds, one less than a vector, a whole one, one more, and many.
class Steps : public ::testing::TestWithParam<std::int64_t> {
 protected:
  Data data{1, GetParam()};  // x: the parameter, y: the first state, scale squared: the second
};
INSTANTIATE_TEST_SUITE_P(Values, Steps, ::testing::Values(1, 3, 15, 16, 17, 1000));

TEST_P(Steps, SgdsAreThoseOfTheFormula) {
  const SgdStep step{.rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.05F};
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto p = data.x;
    auto velocity = data.y;
    set->sgd(p.data(), data.gradient.data(), velocity.data(), data.channels, step);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double slope = double{data.gradient[i]} + 0.05 * double{data.x[i]};
      const double expected = 0.9 * double{data.y[i]} + slope;
      EXPECT_NEAR(velocity[i], expected, 1e-6 * (1 + std::abs(expected))) << i;
      EXPECT_NEAR(p[i], double{data.x[i]} - 0.1 * expected, 1e-6) << i;
    }
  }
}

TEST_P(Steps, AdamsAreThoseOfTheFormula) {
  const AdamStep step{.rate = 0.1F,
                      .keep_mean = 0.9F,
                      .add_mean = 0.1F,
                      .keep_square = 0.99F,
                      .add_square = 0.01F,
                      .root = 0.7F,
                      .epsilon = 1e-3F,
                      .weight_decay = 0.05F};
  for (const auto* set : available()) {
    SCOPED_TRACE(set->name);
    auto p = data.x;
    auto mean = data.y;
    auto square = data.scale;
    for (float& value : square) value *= value;
    const auto before = square;
    set->adam(p.data(), data.gradient.data(), mean.data(), square.data(), data.channels, step);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double slope = double{data.gradient[i]} + 0.05 * double{data.x[i]};
      const double m = 0.9 * double{data.y[i]} + 0.1 * slope;
      const double v = 0.99 * double{before[i]} + 0.01 * slope * slope;
      EXPECT_NEAR(mean[i], m, 1e-6 * (1 + std::abs(m))) << i;
      EXPECT_NEAR(square[i], v, 1e-6 * (1 + v)) << i;
      const double change = 0.1 * m / (std::sqrt(v) / 0.7 + 1e-3);
      EXPECT_NEAR(p[i], double{data.x[i]} - change, 1e-5 * (1 + std::abs(change))) << i;
    }
  }
}

}  // namespace
}  // namespace tbft::models::kernels
