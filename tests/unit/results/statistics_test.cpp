#include "results/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "results/samples.h"

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

// So many images, every second one right.
ImageScores half_right(std::size_t n) {
  std::vector<float> scores(n);
  for (std::size_t i = 0; i < n; i += 2) scores[i] = 1;
  return std::make_shared<const std::vector<float>>(scores);
}

// Ten seeds that agree on every image: the seeds say nothing about the spread, 400 images do: 1.96 x 100 x 0.5 / 20 = 4.9.
TEST(Statistics, FromTenRepetitionsTestImagesCount) {
  const std::vector<double> values(10, 50.0);
  const std::vector<ImageScores> images(10, half_right(400));
  EXPECT_EQ(statistics(values).high, 50);
  const Statistics s = statistics(values, images);
  EXPECT_EQ(s.mean, 50);
  EXPECT_EQ(s.sd, 0);
  EXPECT_NEAR(s.low, 45.1, 0.5);
  EXPECT_NEAR(s.high, 54.9, 0.5);
}

// Seeds that differ and images that do not: each repetition gets all right or all wrong.
TEST(Statistics, SeedsCountBesideTestImages) {
  std::vector<double> values;
  std::vector<ImageScores> images;
  for (int r = 0; r < 20; ++r) {
    const float right = r % 2 == 0 ? 1 : 0;
    values.push_back(100.0 * right);
    images.push_back(std::make_shared<const std::vector<float>>(100, right));
  }
  const Statistics s = statistics(values, images);
  const double half = 1.96 * s.sd / std::sqrt(20.0);
  EXPECT_NEAR(s.high, 50 + half, 0.15 * half);
  EXPECT_NEAR(s.low, 50 - half, 0.15 * half);
}

TEST(Statistics, BelowTenOrWithoutAllImagesTheIntervalIsOfTheValues) {
  std::vector<double> values{49, 50, 51, 50, 49, 51, 50, 50, 50};
  std::vector<ImageScores> images(9, half_right(400));
  EXPECT_EQ(statistics(values, images).high, statistics(values).high);
  values.push_back(50);
  images.push_back(nullptr);
  EXPECT_EQ(statistics(values, images).high, statistics(values).high);
  images.back() = half_right(402);
  EXPECT_EQ(statistics(values, images).high, statistics(values).high);
}

// Two seeds with leads of 20 and 22 points over 100 images: Student's t over seeds is +- 12.706 x 1, the images' part about
// +- 2 sqrt(0.21 x 0.79 / 100) = 8 points.
TEST(MeanInterval, OfFewValuesHasAPartForValuesAndAPartForImages) {
  const auto first = [](std::size_t n) {
    auto scores = std::make_shared<std::vector<float>>(100);
    std::fill_n(scores->begin(), n, 1.0F);
    return ImageScores(scores);
  };
  const std::array values{20.0, 22.0};
  const std::array images{first(20), first(22)};
  const Interval both = mean_interval(values, images), seeds = mean_interval(values, {}),
                 one = mean_interval({&values[0], 1}, {&images[0], 1});
  EXPECT_NEAR(seeds.high - 21, 12.706, 1e-3);
  EXPECT_GT(one.high - 20, 7);
  EXPECT_LT(one.high - 20, 9);
  EXPECT_GT(both.high - 21, std::hypot(12.706, 7));
  EXPECT_LT(both.high - 21, std::hypot(12.706, 9));
  EXPECT_LT(both.low, seeds.low);
  EXPECT_TRUE(std::isnan(mean_interval({&values[0], 1}, {}).low));
  EXPECT_TRUE(std::isnan(mean_interval({}, {}).low));
}

TEST(Statistics, OfManySamplesAreThoseOfEach) {
  const auto images = [](float first) {
    return std::make_shared<const std::vector<float>>(std::vector{first, 0.0F, 1.0F, 1.0F});
  };
  std::vector<Sample> samples;
  for (std::size_t k = 0; k < 25; ++k) {  // of 8 to 13 values, more than are resampled at once
    Sample sample;
    for (std::size_t i = 0; i < 8 + k % 6; ++i) sample.values.push_back(std::sin(static_cast<double>(i * (k + 1))));
    if (k % 4 == 3) sample.images.assign(sample.values.size(), images(static_cast<float>(k % 2)));
    samples.push_back(sample);
  }
  samples.push_back({});
  const std::vector<Statistics> all = statistics_of_each(samples);
  ASSERT_EQ(all.size(), samples.size());
  for (std::size_t k = 0; k < 25; ++k) {
    const Statistics one = statistics(samples[k].values, samples[k].images);
    EXPECT_EQ(all[k].n, one.n);
    EXPECT_EQ(all[k].mean, one.mean);
    EXPECT_EQ(all[k].sd, one.sd);
    EXPECT_EQ(all[k].low, one.low) << k;
    EXPECT_EQ(all[k].high, one.high) << k;
    EXPECT_LT(all[k].low, all[k].high) << k;
  }
  EXPECT_EQ(all.back().n, 0U);
}

// The interval of an earlier version: a report of the same cells prints the same digits.
TEST(Statistics, AnIntervalKeepsItsDigits) {
  const Statistics s = statistics(std::array{1.5, 2.25, 8.0, 3.0, 5.5, 4.0, 9.75, 2.0, 6.0, 7.5, 3.25});
  EXPECT_EQ(s.low, 3.3181818181818183);
  EXPECT_EQ(s.high, 6.3863636363636367);
}

// One of two is drawn: drawing both would halve the variance of the mean.
TEST(Statistics, AResampleDrawsOneLessThanThereAre) {
  Random random;
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const double mean = resampled_mean(std::array{0.0, 1.0}, {}, {}, random);
    EXPECT_TRUE(mean == 0 || mean == 1);
    sum += mean;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
  EXPECT_EQ(resampled_mean(std::array{7.0}, {}, {}, random), 7);
}

}  // namespace
}  // namespace tbft::results
