#include "harness/training/strategies/rgn.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

namespace tbft {

namespace {

double mean_ratio(const std::vector<double>& gradient_sq, double value_sq) {
  if (gradient_sq.empty() || value_sq <= 0) return 0;
  double sum = 0;
  for (const double g : gradient_sq) sum += std::sqrt(g / value_sq);
  if (!std::isfinite(sum)) throw std::invalid_argument("the gradients of the base model are not finite");
  return sum / static_cast<double>(gradient_sq.size());
}

}  // namespace

models::Block block_of_largest_rgn(std::span<const ProbedParameter> probed) {
  std::map<models::Block, ProbedParameter> blocks;
  for (const auto& parameter : probed) {
    const auto block = models::block_of(parameter.name);
    if (!block) continue;
    auto& sum = blocks[*block];
    sum.value_sq += parameter.value_sq;
    sum.gradient_sq.resize(parameter.gradient_sq.size());
    for (std::size_t i = 0; i < parameter.gradient_sq.size(); ++i) sum.gradient_sq[i] += parameter.gradient_sq[i];
  }
  if (blocks.empty()) throw std::invalid_argument("no block has a gradient");
  double largest = -1;
  auto found = blocks.begin()->first;
  for (const auto& [block, sum] : blocks) {
    const double ratio = mean_ratio(sum.gradient_sq, sum.value_sq);
    if (ratio <= largest) continue;
    largest = ratio;
    found = block;
  }
  return found;
}

std::vector<double> relative_rates(std::span<const ProbedParameter> probed) {
  std::vector<double> rates;
  rates.reserve(probed.size());
  for (const auto& parameter : probed) rates.push_back(mean_ratio(parameter.gradient_sq, parameter.value_sq));
  const double largest = rates.empty() ? 0 : *std::ranges::max_element(rates);
  if (largest > 0)
    for (double& rate : rates) rate /= largest;
  return rates;
}

}  // namespace tbft
