#include "tbft/power/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace tbft::power {
namespace {

constexpr double k = 2;  // coverage factor of every U
constexpr std::size_t least_readings = 10;
constexpr double least_spread = 0.2;  // share of the largest current; closer currents count as one

struct Mean {
  double value = unknown;
  double u = unknown;
};

// Standard uncertainty of the mean; the resolution is a rectangular error common to all readings.
Mean mean_of(std::span<const Reading> readings, double Reading::*member, double resolution) {
  double sum = 0;
  double n = 0;
  for (const Reading& r : readings) {
    sum += r.*member;
    ++n;
  }
  const double mean = sum / n;
  double squares = 0;
  std::vector<Mean> seconds;  // value: sum, u: number
  for (const Reading& r : readings) {
    squares += (r.*member - mean) * (r.*member - mean);
    const auto second = static_cast<std::size_t>(std::max<TimeNs>(0, r.t_ns - readings.front().t_ns) / 1'000'000'000);
    while (seconds.size() <= second && seconds.size() < 4096) seconds.push_back({0, 0});
    if (second >= seconds.size()) continue;
    seconds[second].value += r.*member;
    seconds[second].u += 1;
  }
  const double white2 = squares / (n - 1) / n;
  double batch2 = 0;
  if (seconds.size() >= 5) {
    double spread = 0;
    double batches = 0;
    for (const Mean& s : seconds) {
      if (s.u == 0) continue;
      spread += std::pow(s.value / s.u - mean, 2);
      ++batches;
    }
    if (batches > 1) batch2 = spread / (batches - 1) / batches;
  }
  return {mean, std::sqrt(std::max(white2, batch2) + resolution * resolution / 12)};
}

struct Line {
  double slope, intercept, u_slope, u_intercept, worst;
};

// Fits y = slope x + intercept with weights 1/u^2. With more than two points, their scatter replaces u if it is larger.
Line fit(std::span<const CalibrationPoint> points) {
  double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const auto& p : points) {
    const double w = 1 / (p.u_amps_A * p.u_amps_A);
    s += w;
    sx += w * p.reference_A;
    sy += w * p.amps_A;
    sxx += w * p.reference_A * p.reference_A;
    sxy += w * p.reference_A * p.amps_A;
  }
  const double d = s * sxx - sx * sx;
  Line line{};
  line.slope = (s * sxy - sx * sy) / d;
  line.intercept = (sxx * sy - sx * sxy) / d;
  double chi2 = 0;
  for (const auto& p : points) {
    const double residual = p.amps_A - line.slope * p.reference_A - line.intercept;
    chi2 += residual * residual / (p.u_amps_A * p.u_amps_A);
    line.worst = std::max(line.worst, std::abs(residual));
  }
  const double scale = points.size() > 2 ? std::max(1.0, chi2 / static_cast<double>(points.size() - 2)) : 1;
  line.u_slope = std::sqrt(s / d * scale);
  line.u_intercept = std::sqrt(sxx / d * scale);
  return line;
}

// An error of the truth's scale as a share of the reading of a meter that reads 1 + gain_rel times the truth, +- U_rel. A limit
// in a URI is of the reading: what reads half is wrong by all that it reads. Infinite if it may not follow the truth at all.
double of_reading(double error, double gain_rel, double U_rel) {
  const double reads = 1 + gain_rel - U_rel;
  return reads > 0 ? error / reads : std::numeric_limits<double>::infinity();
}

}  // namespace

CalibrationPoint calibration_point(double reference_V, double reference_A, std::span<const Reading> readings,
                                   const Accuracy& accuracy) {
  std::vector<Reading> good;
  for (const Reading& r : readings) {
    const bool usable = (r.flags & (repeated | saturated)) == 0;
    if (usable && std::isfinite(r.volts_V) && std::isfinite(r.amps_A)) good.push_back(r);
  }
  if (good.size() < least_readings) {
    throw std::invalid_argument(
        fmt::format("{} readings with volts and amperes; {} are required: does the meter deliver both, and is it in its range?",
                    good.size(), least_readings));
  }
  const Mean volts = mean_of(good, &Reading::volts_V, accuracy.resolution_V);
  const Mean amps = mean_of(good, &Reading::amps_A, accuracy.resolution_A);
  return {.reference_V = reference_V,
          .reference_A = reference_A,
          .volts_V = volts.value,
          .amps_A = amps.value,
          .u_volts_V = volts.u,
          .u_amps_A = amps.u,
          .readings = good.size()};
}

Calibration calibrate(std::span<const CalibrationPoint> given, double reference_U_pct, std::optional<double> shunt_ohm) {
  std::vector<CalibrationPoint> points(given.begin(), given.end());
  if (points.empty()) throw std::invalid_argument("calibration: no points");
  double low_A = points.front().reference_A, high_A = low_A;
  double ratio = 0, u_ratio2 = 0;
  for (auto& p : points) {
    if (!(p.reference_V > 0 && p.reference_A > 0))
      throw std::invalid_argument("calibration: reference volts and amperes must be positive");
    // A meter without noise and quantisation has u = 0, but the weights need a scale.
    p.u_amps_A = std::max(p.u_amps_A, 1e-9 * p.reference_A);
    low_A = std::min(low_A, p.reference_A);
    high_A = std::max(high_A, p.reference_A);
    ratio += p.volts_V / p.reference_V;
    u_ratio2 += std::pow(p.u_volts_V / p.reference_V, 2);
  }
  const auto n = static_cast<double>(points.size());
  const double U_reference = reference_U_pct / 100;

  Calibration c;
  c.gain_V_rel = ratio / n - 1;
  double spread2 = 0;  // an offset of the voltage is visible if the points' voltages differ
  for (const auto& p : points) spread2 += std::pow(p.volts_V / p.reference_V - 1 - c.gain_V_rel, 2);
  c.U_gain_V_rel = std::hypot(k * std::sqrt(std::max(u_ratio2 / n / n, n > 1 ? spread2 / (n - 1) : 0)), U_reference);

  c.separated = high_A - low_A >= least_spread * high_A;
  if (c.separated) {
    const Line line = fit(points);
    c.gain_A_rel = line.slope - 1;
    c.offset_A = line.intercept;
    c.U_gain_A_rel = std::hypot(k * line.u_slope, U_reference);
    c.U_offset_A = k * line.u_intercept;
    c.worst_residual_A = points.size() > 2 ? line.worst : 0;
  } else {
    double error_A = 0, reference_A = 0, u2 = 0;
    for (const auto& p : points) {
      error_A += (p.amps_A - p.reference_A) / n;
      reference_A += p.reference_A / n;
      u2 += p.u_amps_A * p.u_amps_A / n / n;
    }
    c.offset_A = error_A;
    c.gain_A_rel = error_A / reference_A;
    c.U_offset_A = std::hypot(k * std::sqrt(u2), U_reference * reference_A);
    c.U_gain_A_rel = c.U_offset_A / reference_A;
  }
  // Beyond U, since the slope of a meter that stands still is 0 but for noise.
  if (1 + c.gain_A_rel + c.U_gain_A_rel < 0)
    throw std::invalid_argument(fmt::format("calibration: the current flows through the meter in reverse{}; swap VIN+ and VIN-",
                                            c.separated ? "" : ", or its offset is larger than the reference's current"));
  // Volts and amperes are compared with one reference, whose errors may add up.
  const double U_noise = std::sqrt(std::max(0.0, std::pow(c.U_gain_A_rel, 2) - U_reference * U_reference) +
                                   std::max(0.0, std::pow(c.U_gain_V_rel, 2) - U_reference * U_reference));
  const double U_gain = U_noise + 2 * U_reference;
  const double gain = (1 + c.gain_A_rel) * (1 + c.gain_V_rel) - 1;
  c.gain_pct = 100 * of_reading(std::abs(gain) + U_gain, gain, U_gain);
  c.limit_offset_A = of_reading(std::abs(c.offset_A) + c.U_offset_A, gain, U_gain);
  if (shunt_ohm && c.separated && std::isfinite(c.limit_offset_A)) {
    c.shunt_ohm = *shunt_ohm * (1 + c.gain_A_rel);
    c.gain_pct_with_shunt = 100 * of_reading(std::abs(c.gain_V_rel) + U_gain, c.gain_V_rel, U_gain);
  }
  return c;
}

}  // namespace tbft::power
