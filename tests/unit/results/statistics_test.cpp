#include "results/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace tbft::results {
namespace {

TEST(Statistics, OneValueHasAMeanAndNoSpread) {
  const Statistics s = statistics(std::array{3.5});
  EXPECT_EQ(s.n, 1U);
  EXPECT_EQ(s.mean, 3.5);
  EXPECT_TRUE(std::isnan(s.sd));
  EXPECT_TRUE(std::isnan(s.low));
  EXPECT_TRUE(std::isnan(s.high));
}

TEST(Statistics, NothingIsUnknown) {
  const Statistics s = statistics({});
  EXPECT_EQ(s.n, 0U);
  EXPECT_TRUE(std::isnan(s.mean));
}

// t(0.975) from printed tables: 4.303 for 2 degrees of freedom, 2.306 for 8.
TEST(Statistics, StudentIntervalForFewValues) {
  const Statistics three = statistics(std::array{1.0, 2.0, 3.0});
  EXPECT_DOUBLE_EQ(three.mean, 2);
  EXPECT_DOUBLE_EQ(three.sd, 1);
  EXPECT_NEAR(three.high - 2, 4.303 / std::sqrt(3.0), 1e-3);
  EXPECT_NEAR(2 - three.low, 4.303 / std::sqrt(3.0), 1e-3);
  const Statistics nine = statistics(std::array{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0});
  EXPECT_NEAR(nine.sd, 2.738613, 1e-6);
  EXPECT_NEAR(nine.high - 5, 2.306 * 2.738613 / 3, 1e-3);
}

TEST(Statistics, BootstrapFromTenValuesIsNearTheNormalInterval) {
  std::vector<double> values(100);
  std::iota(values.begin(), values.end(), 0.0);
  const Statistics s = statistics(values);
  const double half = 1.96 * s.sd / 10;
  EXPECT_NEAR(s.low, s.mean - half, 0.05 * half);
  EXPECT_NEAR(s.high, s.mean + half, 0.05 * half);
}

// The percentile interval of ten values, nine of them equal: its lower end is the common value, which t would go below.
TEST(Statistics, BootstrapStaysWithinTheValuesFromTen) {
  std::vector<double> values(10, 1.0);
  values.back() = 11;
  const Statistics s = statistics(values);
  EXPECT_EQ(s.low, 1);
  EXPECT_EQ(s.high, 4);
}

TEST(Statistics, BootstrapIsTheSameEveryTime) {
  const std::array values{3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0};
  const Statistics a = statistics(values);
  const Statistics b = statistics(values);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_LT(a.low, a.mean);
  EXPECT_LT(a.mean, a.high);
}

}  // namespace
}  // namespace tbft::results
