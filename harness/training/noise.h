// Noise on the base model: the drift of the paper's block-noise table ("motivation"). No torch here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tbft {

// N(0, sigma) added to every parameter of one block (BatchNorm's weight and bias included, running statistics not).
struct BlockNoise {
  std::string block;
  double sigma = 0;
  std::uint64_t seed = 0;
};

// The block that a condition noise-BLOCK names, such as block2 or fc; nullopt for every other condition.
std::optional<std::string> noised_block(std::string_view condition);

struct NoiseLevel {
  double sigma = 0, accuracy_pct = 0;
};

// The deviation that brings the base model down to target_pct: doubled from a small one until the accuracy is below it, then
// halved in logarithm. Accuracy falls with sigma but not evenly, so the closest of all that were tried is returned: some noise
// stops short of the target, as a classifier of nothing but noise may guess better than that.
// accuracy_pct_at(sigma) is asked at most 20 times. Throws std::runtime_error where none comes below twice the target.
NoiseLevel find_noise(const std::function<double(double sigma)>& accuracy_pct_at, double target_pct);

}  // namespace tbft
