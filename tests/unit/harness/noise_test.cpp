#include "harness/training/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace tbft {
namespace {

TEST(Noise, ConditionsNameABlock) {
  EXPECT_EQ(noised_block("noise-block1"), "block1");
  EXPECT_EQ(noised_block("noise-fc"), "fc");
  for (const char* other : {"", "noise-", "noise-full", "block1", "noise-block1-5", "gaussian_noise-5"})
    EXPECT_FALSE(noised_block(other)) << other;
}

TEST(Noise, TheSearchEndsWhereTheAccuracyIsWanted) {
  // From 87 % down to 10 %, half of it gone at sigma = 0.37.
  const auto falling = [](double sigma) { return 10 + 77 / (1 + std::pow(sigma / 0.37, 3)); };
  const auto level = find_noise(falling, 15);
  EXPECT_NEAR(level.accuracy_pct, 15, 0.25);
  EXPECT_EQ(level.accuracy_pct, falling(level.sigma));
}

TEST(Noise, AnUnevenCurveGivesTheClosestOfWhatWasTried) {
  int asked = 0;
  const auto stepped = [&](double sigma) {
    ++asked;
    return sigma < 1 ? 80.0 : sigma < 1.5 ? 22.0 : 9.0;
  };
  const auto level = find_noise(stepped, 15);
  EXPECT_EQ(level.accuracy_pct, 9);  // 9 is closer to 15 than 22 is
  EXPECT_LE(asked, 20);
}

TEST(Noise, WhatStopsShortOfTheTargetIsTakenWhereItIsClose) {
  const auto floored = [](double sigma) { return std::max(17.0, 80 - 100 * sigma); };
  EXPECT_EQ(find_noise(floored, 15).accuracy_pct, 17);
}

TEST(Noise, AModelThatNoiseCannotHurtIsAnError) {
  try {
    find_noise([](double) { return 50.0; }, 15);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("model.noise_sigma"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tbft
