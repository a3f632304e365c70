// Distributions with correct tails, because the noise that makes a corruption severe lies in the tails. Rng::normal() ends at 6
// standard deviations and is too thin before that; snow would lose a tenth of its flakes.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/data/rng.h"

namespace tbft::data {

// Normal distribution by Marsaglia's polar method. Which uniform numbers it accepts depends on exact arithmetic only, not on
// the last bit of a logarithm.
class Normal {
 public:
  explicit Normal(Rng& rng) : rng_(rng) {}
  double operator()() {
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    double x = 0, y = 0, square = 0;
    do {
      x = rng_.uniform(-1, 1);
      y = rng_.uniform(-1, 1);
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double scale = std::sqrt(-2 * std::log(square) / square);
    second_ = y * scale;
    has_second_ = true;
    return x * scale;
  }

 private:
  Rng& rng_;
  double second_ = 0;
  bool has_second_ = false;
};

// Poisson(mean), clipped to `most`, by inversion: one uniform number and a search in the cumulative sums.
class PoissonTable {
 public:
  PoissonTable(double mean, int most) {
    double probability = std::exp(-mean);  // above 1e-300 for means up to 690
    double sum = 0;
    for (int k = 0; k < most; ++k) {
      sum += probability;
      cumulative_.push_back(sum);
      probability *= mean / (k + 1);
    }
  }
  int operator()(Rng& rng) const {
    return static_cast<int>(std::ranges::upper_bound(cumulative_, rng.uniform()) - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;  // of 0 .. most - 1
};

}  // namespace tbft::data
