// Noise: Gaussian, shot (Poisson) and impulse (salt and pepper), independent in every value.
#include "harness/data/corruption/canvas.h"
#include "harness/data/corruption/distributions.h"
#include "harness/data/corruption/makers.h"

namespace tbft::data {

Corrupt make_gaussian_noise(int severity, const Frost&) {
  const double deviation = at_severity<double>({.04, .06, .08, .09, .10}, severity);
  return [deviation](std::span<std::uint8_t> rgb, Rng& rng) {
    Normal normal(rng);
    for (auto& value : rgb) value = truncated(value + 255 * deviation * normal());
  };
}

Corrupt make_shot_noise(int severity, const Frost&) {
  // The number of photons of a full-scale value. Means are integer multiples of photons/255, so 256 tables suffice.
  const int photons = at_severity<int>({500, 250, 100, 75, 50}, severity);
  std::vector<PoissonTable> tables;
  tables.reserve(256);
  for (int value = 0; value < 256; ++value) tables.emplace_back(value / 255.0 * photons, photons);
  return [photons, tables = std::move(tables)](std::span<std::uint8_t> rgb, Rng& rng) {
    for (auto& value : rgb) value = truncated(255.0 * tables[value](rng) / photons);
  };
}

Corrupt make_impulse_noise(int severity, const Frost&) {
  const double share = at_severity<double>({.01, .02, .03, .05, .07}, severity);
  return [share](std::span<std::uint8_t> rgb, Rng& rng) {
    for (auto& value : rgb) {
      const double u = rng.uniform();
      if (u < share) value = u < share / 2 ? 0 : 255;
    }
  };
}

}  // namespace tbft::data
