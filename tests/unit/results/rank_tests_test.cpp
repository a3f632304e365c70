#include "results/rank_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tbft::results {
namespace {

std::vector<double> wave(int n, double step, double shift) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(std::sin(i * step) + shift);
  return values;
}

// Expected values: scipy.stats.wilcoxon (mode exact, approx with correction) and mannwhitneyu (exact, asymptotic).
TEST(SignedRank, AgreesWithScipy) {
  EXPECT_NEAR(signed_rank_p(std::vector{0.05, 0.048, 0.051, 0.049, 0.052, 0.047, -0.001}), 0.03125, 1e-12);
  EXPECT_NEAR(signed_rank_p(std::vector{3.0, -1.0, 4.0, 1.5, -5.0, 9.0, 2.0, 6.0}), 0.1484375, 1e-12);
  EXPECT_NEAR(signed_rank_p(wave(60, 1.7, 0.2)), 0.03622649417878663, 1e-12);
}

TEST(RankSum, AgreesWithScipy) {
  EXPECT_NEAR(rank_sum_p(std::vector{10.1, 10.3, 9.9, 10.0, 10.2}, std::vector{10.6, 10.8, 10.5, 10.7, 10.9}),
              0.007936507936507936, 1e-12);
  EXPECT_NEAR(rank_sum_p(std::vector{1.0, 5.0, 3.0, 8.0, 7.0, 2.0}, std::vector{4.0, 6.0, 9.0, 10.0, 12.0}),
              0.08225108225108226, 1e-12);
  EXPECT_NEAR(rank_sum_p(wave(30, 1.3, 0), wave(25, 0.9, 0.4)), 0.016766590524749797, 1e-12);
}

TEST(RankTests, EqualValuesAreNoEvidence) {
  EXPECT_EQ(signed_rank_p(std::vector{0.0, 0.0, 0.0, 0.0, 0.0, 0.0}), 1);
  EXPECT_EQ(signed_rank_p({}), 1);
  EXPECT_EQ(rank_sum_p(std::vector{2.0, 2.0, 2.0}, std::vector{2.0, 2.0, 2.0}), 1);
  EXPECT_EQ(rank_sum_p({}, std::vector{1.0}), 1);
}

// With ties all signs are still alike likely: two of 2^6 cases are as extreme as six equal differences.
TEST(RankTests, TiesAreExact) {
  EXPECT_NEAR(signed_rank_p(std::vector{1.0, 1.0, 1.0, 1.0, 1.0, 1.0}), 2.0 / 64, 1e-12);
  EXPECT_NEAR(signed_rank_p(std::vector{1.0, 1.0, 1.0, 1.0, 1.0, -1.0}), 2.0 * 7 / 64, 1e-12);
  // Of 20 ways to take three of six one has all the high ones.
  EXPECT_NEAR(rank_sum_p(std::vector{1.0, 1.0, 1.0}, std::vector{2.0, 2.0, 2.0}), 2.0 / 20, 1e-12);
}

TEST(RankTests, TheSignOfADifferenceDoesNotMatterToP) {
  const auto up = wave(60, 1.7, 0.2);
  std::vector<double> down;
  for (const double x : up) down.push_back(-x);
  EXPECT_DOUBLE_EQ(signed_rank_p(up), signed_rank_p(down));
}

TEST(RankTests, SignsOfPairsAreBinomial) {
  EXPECT_NEAR(sign_p(5, 0), 1.0 / 32, 1e-12);
  EXPECT_NEAR(sign_p(8, 2), (45 + 10 + 1) / 1024.0, 1e-12);
  EXPECT_NEAR(sign_p(2, 8), 1 - (10 + 1) / 1024.0, 1e-12);  // 1 - P(at most 1)
  EXPECT_EQ(sign_p(0, 0), 1);
  EXPECT_LT(sign_p(900, 100), 1e-100);
}

TEST(Holm, StepsDownAndNeverFalls) {
  const auto corrected = holm(std::vector{0.01, 0.04, 0.03, 0.005});
  EXPECT_THAT(corrected, testing::ElementsAre(testing::DoubleEq(0.03), testing::DoubleEq(0.06), testing::DoubleEq(0.06),
                                              testing::DoubleEq(0.02)));
  EXPECT_THAT(holm(std::vector{0.9, 0.8}), testing::ElementsAre(1, 1));
}

TEST(Holm, WhatWasNotTestedDoesNotCount) {
  const auto corrected = holm(std::vector{0.02, std::nan(""), 0.03});
  EXPECT_DOUBLE_EQ(corrected[0], 0.04);
  EXPECT_TRUE(std::isnan(corrected[1]));
}

}  // namespace
}  // namespace tbft::results
