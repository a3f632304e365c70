#include "harness/training/noise.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace tbft {

std::optional<std::string> noised_block(std::string_view condition) {
  constexpr std::string_view noise = "noise-";
  constexpr std::string_view numbered = "block";
  if (!condition.starts_with(noise)) return std::nullopt;
  const auto block = condition.substr(noise.size());
  const auto number = block.starts_with(numbered) ? block.substr(numbered.size()) : std::string_view{};
  const bool is_block = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
  return is_block || block == "fc" ? std::optional<std::string>(block) : std::nullopt;
}

NoiseLevel find_noise(const std::function<double(double)>& accuracy_pct_at, double target_pct) {
  constexpr double smallest = 0.01;
  constexpr int doublings = 11;  // up to sigma = 20, larger than any weight of a network
  constexpr int halvings = 8;
  constexpr double close_pct = 0.25;
  NoiseLevel best{0, 100};
  const auto below = [&](double sigma) {
    const double accuracy_pct = accuracy_pct_at(sigma);
    if (best.sigma == 0 || std::abs(accuracy_pct - target_pct) < std::abs(best.accuracy_pct - target_pct))
      best = {sigma, accuracy_pct};
    return accuracy_pct < target_pct;
  };
  double high = smallest;
  for (int i = 0; !below(high); ++i) {
    if (i < doublings) {
      high *= 2;
      continue;
    }
    if (best.accuracy_pct < 2 * target_pct) return best;
    throw std::runtime_error(
        fmt::format("no noise lowers the accuracy to {} %: it is {:.1f} % at sigma {:.3g}; set model.noise_sigma", target_pct,
                    best.accuracy_pct, best.sigma));
  }
  double low = high / 2;
  for (int i = 0; i < halvings && std::abs(best.accuracy_pct - target_pct) > close_pct; ++i) {
    const double middle = std::sqrt(low * high);
    (below(middle) ? high : low) = middle;
  }
  return best;
}

}  // namespace tbft
