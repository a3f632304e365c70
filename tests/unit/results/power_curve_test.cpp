#include "results/power_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tbft::results {
namespace {

TEST(MinMax, FewReadingsAreKeptAsTheyAre) {
  MinMax points(10);
  points.add(0, 3);
  points.add(1'500'000, 4);
  points.add(7'000'000'000, 5);
  const auto buckets = points.buckets();
  ASSERT_EQ(buckets.size(), 3U);
  EXPECT_EQ(buckets[1].from_s, 0.0015);
  EXPECT_EQ(buckets[1].to_s, 0.0015);
  EXPECT_EQ(buckets[1].mean_W, 4);
  EXPECT_EQ(buckets[2].from_s, 7);
}

// A peak and a dip of one reading each among a million, wherever they lie.
TEST(MinMax, NoPeakIsLost) {
  constexpr std::int64_t n = 1'000'000;
  MinMax points(100);
  for (std::int64_t i = 0; i < n; ++i) {
    double power_W = 5 + 0.1 * std::sin(static_cast<double>(i));
    if (i == 333'333) power_W = 42;
    if (i == 777'777) power_W = 0.5;
    points.add(i * 1'000'000, power_W);
  }
  EXPECT_EQ(points.readings(), static_cast<std::size_t>(n));
  const auto buckets = points.buckets();
  EXPECT_LE(buckets.size(), 100U);
  EXPECT_GT(buckets.size(), 50U);
  EXPECT_EQ(std::ranges::max(buckets, {}, &PowerCurve::Bucket::high_W).high_W, 42);
  EXPECT_EQ(std::ranges::min(buckets, {}, &PowerCurve::Bucket::low_W).low_W, 0.5);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    EXPECT_LE(buckets[i].low_W, buckets[i].mean_W);
    EXPECT_LE(buckets[i].mean_W, buckets[i].high_W);
  }
  for (std::size_t i = 1; i < buckets.size(); ++i) EXPECT_GT(buckets[i].from_s, buckets[i - 1].to_s);
  EXPECT_NEAR(buckets.back().to_s, 999.999, 1e-9);
}

TEST(MinMax, TimesWithoutAReadingStayEmpty) {
  MinMax points(50);
  for (std::int64_t i = 0; i < 1000; ++i) points.add(i * 1'000'000, 1);
  for (std::int64_t i = 9000; i < 10'000; ++i) points.add(i * 1'000'000, 1);
  const auto buckets = points.buckets();
  const bool hole = std::ranges::none_of(buckets, [](const auto& b) { return b.from_s > 1.01 && b.to_s < 8.9; });
  EXPECT_TRUE(hole);
}

}  // namespace
}  // namespace tbft::results
