// Noise on the base model: the drift of the paper's block-noise experiment ("motivation"). No torch here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tbft {

// N(0, sigma) added to every parameter of one block, including BatchNorm's weight and bias but not the running statistics.
struct BlockNoise {
  std::string block;
  double sigma = 0;
  std::uint64_t seed = 0;
};

// The block that a condition noise-BLOCK names, such as block2 or fc; nullopt for any other condition.
std::optional<std::string> noised_block(std::string_view condition);

struct NoiseLevel {
  double sigma = 0, accuracy_pct = 0;
};

// Finds the standard deviation that lowers the base model's accuracy to target_pct. It is doubled from a small value until the
// accuracy is below the target, then bisected in logarithm. The accuracy does not fall evenly, so the closest of all tried
// values is returned. For some blocks it stays above the target, because even a classifier of pure noise may guess better.
// Calls accuracy_pct_at(sigma) at most 20 times. Throws std::runtime_error if the accuracy never falls below twice the target.
NoiseLevel find_noise(const std::function<double(double sigma)>& accuracy_pct_at, double target_pct);

}  // namespace tbft
