// oneDNN's matrix products against loops in double.
#include "models/product.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace tbft::models {
namespace {

constexpr std::int64_t rows = 67, columns = 35, inner = 129;

std::vector<float> wave(std::int64_t n, float step) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * step + 0.5F);
  return values;
}

double at(const std::vector<float>& values, std::int64_t i) {
  return static_cast<double>(values[static_cast<std::size_t>(i)]);
}

TEST(Product, OfEachOrderIsThatOfLoops) {
  const auto a = wave(rows * inner, 0.7F), b = wave(inner * columns, 0.31F), before = wave(rows * columns, 1.3F);
  for (const bool a_transposed : {false, true})
    for (const bool b_transposed : {false, true})
      for (const bool adds : {false, true}) {
        SCOPED_TRACE(fmt::format("a' {}, b' {}, adds {}", a_transposed, b_transposed, adds));
        auto result = adds ? before : std::vector<float>(before.size(), std::numeric_limits<float>::quiet_NaN());
        product({a.data(), a_transposed}, {b.data(), b_transposed}, rows, columns, inner, adds, result.data());
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < columns; ++j) {
            double sum = adds ? at(before, i * columns + j) : 0;
            for (std::int64_t k = 0; k < inner; ++k)
              sum += at(a, a_transposed ? k * rows + i : i * inner + k) * at(b, b_transposed ? j * inner + k : k * columns + j);
            ASSERT_NEAR(at(result, i * columns + j), sum, 1e-4) << i << ", " << j;
          }
      }
}

TEST(Product, WhatOneDnnRefusesIsAnError) {
  float value = 1;
  EXPECT_THROW(product({&value}, {&value}, -1, 1, 1, false, &value), std::runtime_error);
}

}  // namespace
}  // namespace tbft::models
