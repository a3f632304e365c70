// Random numbers that are the same on every machine. std's distributions differ between libraries, and libm between processors.
#pragma once

#include <cstdint>

namespace tbft::data {

// SplitMix64 (Steele, Lea, Flood 2014). It is small, and streams of different keys look independent.
class Rng {
 public:
  explicit Rng(std::uint64_t key) : state_(key) {}
  // Each (seed, stream, index) has its own stream, so item i does not depend on the number of items.
  Rng(std::uint64_t seed, std::uint64_t stream, std::uint64_t index)
      : state_(mix(mix(mix(seed + golden) + stream + golden) + index + golden)) {}

  std::uint64_t next() { return mix(state_ += golden); }
  // [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // 0 .. n-1, n small: the bias is below n / 2^53.
  int below(int n) { return static_cast<int>(uniform() * n); }
  // Mean 0, standard deviation 1: a sum of twelve uniform numbers (Irwin-Hall), which needs no logarithm. Its tails end at 6.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  static constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace tbft::data
