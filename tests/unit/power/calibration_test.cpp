#include "tbft/power/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tbft::power {
namespace {

struct Device {
  double gain_A = 0, gain_V = 0, offset_A = 0, noise_A = 0;
};

// 5 s at 100 Hz. The reference itself is off by `reference_rel`.
CalibrationPoint measure(const Device& device, double volts_V, double amps_A, double reference_rel, std::mt19937_64& random) {
  std::normal_distribution<double> noise(0, 1);
  std::vector<Reading> readings;
  for (int i = 0; i < 500; ++i) {
    Reading r;
    r.t_ns = TimeNs{i} * 10'000'000;
    r.volts_V = volts_V * (1 + device.gain_V) + 1e-3 * noise(random);
    r.amps_A = amps_A * (1 + device.gain_A) + device.offset_A + device.noise_A * noise(random);
    readings.push_back(r);
  }
  return calibration_point(volts_V * (1 - reference_rel), amps_A * (1 - reference_rel), readings, {});
}

TEST(Calibration, DrawnErrorsLieWithinTheUncertainty) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(-1, 1);
  std::normal_distribution<double> normal(0, 1);
  int gain = 0, offset = 0, power = 0;
  constexpr int trials = 400;
  for (int i = 0; i < trials; ++i) {
    const Device d{
        .gain_A = 0.01 * unit(random), .gain_V = 0.003 * unit(random), .offset_A = 2e-3 * unit(random), .noise_A = 1e-3};
    const double reference = 0.0005 * normal(random);  // U = 0.1 %
    std::vector<CalibrationPoint> points;
    for (const double amps_A : {0.1, 0.5, 1.0, 2.0}) points.push_back(measure(d, 5, amps_A, reference, random));
    const Calibration c = calibrate(points, 0.1, 0.1);
    ASSERT_TRUE(c.separated);
    gain += std::abs(c.gain_A_rel - d.gain_A) <= c.U_gain_A_rel ? 1 : 0;
    offset += std::abs(c.offset_A - d.offset_A) <= c.U_offset_A ? 1 : 0;
    // What the URI then states is kept: at 5 V and 1.5 A.
    const double truth_W = 5 * 1.5;
    const double read_W = 5 * (1 + d.gain_V) * (1.5 * (1 + d.gain_A) + d.offset_A);
    power += std::abs(read_W - truth_W) <= read_W * c.gain_pct / 100 + 5 * (1 + d.gain_V) * c.limit_offset_A ? 1 : 0;
    EXPECT_NEAR(*c.shunt_ohm, 0.1 * (1 + d.gain_A), 0.1 * 0.004);
  }
  EXPECT_GE(gain, trials * 93 / 100);
  EXPECT_GE(offset, trials * 93 / 100);
  EXPECT_GE(power, trials * 99 / 100);
  EXPECT_LE(gain, trials * 99 / 100) << "U is no wider than it must be";
}

TEST(Calibration, TheLineIsExactWithoutNoise) {
  std::mt19937_64 random(1);
  const Device d{.gain_A = 0.012, .gain_V = -0.002, .offset_A = 1.5e-3};
  const std::vector points{measure(d, 5, 0.2, 0, random), measure(d, 5, 2, 0, random)};
  const Calibration c = calibrate(points, 0, std::nullopt);
  EXPECT_NEAR(c.gain_A_rel, 0.012, 1e-9);
  EXPECT_NEAR(c.offset_A, 1.5e-3, 1e-9);
  EXPECT_NEAR(c.gain_V_rel, -0.002, 1e-4);
  EXPECT_NEAR(c.gain_pct, 1.0, 0.02);
  EXPECT_NEAR(c.limit_offset_A, 1.5e-3 / 1.01, 1e-5);
  EXPECT_FALSE(c.shunt_ohm);
}

TEST(Calibration, OneCurrentCannotTellGainFromOffset) {
  std::mt19937_64 random(1);
  const Device d{.gain_A = 0.01};
  const std::vector points{measure(d, 5, 1, 0, random), measure(d, 5, 1.1, 0, random)};
  const Calibration c = calibrate(points, 0.1, 0.1);
  EXPECT_FALSE(c.separated);
  EXPECT_FALSE(c.shunt_ohm);
  EXPECT_NEAR(c.gain_A_rel, 0.01, 1e-4);
  EXPECT_NEAR(c.offset_A, 0.0105, 1e-4) << "all of it, again";
}

TEST(Calibration, ALimitIsAShareOfWhatTheMeterReads) {
  std::mt19937_64 random(1);
  const auto calibrated = [&](const Device& device) {
    const std::vector points{measure(device, 5, 0.2, 0, random), measure(device, 5, 2, 0, random)};
    return calibrate(points, 0, 0.1);
  };
  const Calibration half = calibrated({.gain_A = -0.5});
  EXPECT_NEAR(half.gain_pct, 100, 0.1) << "the truth is twice the reading";
  EXPECT_NEAR(half.gain_pct_with_shunt, 0, 0.1);
  EXPECT_NEAR(calibrated({.gain_A = 1}).gain_pct, 50, 0.1);
  EXPECT_NEAR(calibrated({.gain_A = -0.5, .gain_V = 1}).gain_pct, 0, 0.1) << "its watts are right";
  // At 5 V and 1.5 A, with and without the shunt that the calibration names.
  for (const double offset_A : {-10e-3, 10e-3}) {
    const Calibration c = calibrated({.gain_A = -0.5, .offset_A = offset_A});
    const double read_W = 5 * (1.5 * 0.5 + offset_A);
    EXPECT_NEAR(7.5 - read_W, read_W * c.gain_pct / 100 + (offset_A < 0 ? 5 : -5) * c.limit_offset_A, 0.01);
    EXPECT_NEAR(std::abs(7.5 - 2 * read_W), 5 * c.limit_offset_A, 0.01);
  }
}

TEST(Calibration, ACurrentInReverseIsRefused) {
  std::mt19937_64 random(1);
  const Device reversed{.gain_A = -2};
  const std::vector points{measure(reversed, 5, 0.2, 0, random), measure(reversed, 5, 2, 0, random)};
  EXPECT_THROW(calibrate(points, 0.1, 0.1), std::invalid_argument);
  EXPECT_THROW(calibrate(std::span(points).first(1), 0.1, 0.1), std::invalid_argument) << "one current";
  const Device still{.gain_A = -1, .offset_A = 1};
  const std::vector unchanged{measure(still, 5, 0.2, 0, random), measure(still, 5, 2, 0, random)};
  EXPECT_FALSE(calibrate(unchanged, 0.1, 0.1).shunt_ohm) << "no shunt makes it follow";
}

TEST(Calibration, SlowNoiseIsNotAveragedAway) {
  std::vector<Reading> readings;
  for (int i = 0; i < 1000; ++i) {
    readings.push_back({.t_ns = TimeNs{i} * 10'000'000, .volts_V = 5, .amps_A = 1 + ((i / 100) % 2 == 0 ? 1e-3 : -1e-3)});
  }
  EXPECT_NEAR(calibration_point(5, 1, readings, {}).u_amps_A, 1e-3 / 3, 1e-4);
}

TEST(Calibration, NonsenseIsRefused) {
  EXPECT_THROW(calibrate({}, 0, std::nullopt), std::invalid_argument);
  const CalibrationPoint zero{.reference_V = 5, .reference_A = 0, .volts_V = 5, .amps_A = 0, .u_volts_V = 0, .u_amps_A = 0};
  EXPECT_THROW(calibrate(std::span(&zero, 1), 0, std::nullopt), std::invalid_argument);
  std::vector<Reading> power_only(100, Reading{.power_W = 1});
  EXPECT_THROW(calibration_point(5, 1, power_only, {}), std::invalid_argument);
}

}  // namespace
}  // namespace tbft::power
