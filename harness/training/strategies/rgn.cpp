#include "harness/training/strategies/rgn.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "harness/training/strategies/list.h"
#include "harness/training/strategies/tuning_session.h"

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

std::string block_of_largest_rgn(std::span<const ProbedParameter> probed, const models::Architecture& network) {
  std::map<std::string, ProbedParameter> blocks;
  for (const auto& parameter : probed) {
    const auto& block = network.block_of(parameter.name);
    if (block.empty()) continue;
    auto& sum = blocks[block];
    sum.value_sq += parameter.value_sq;
    sum.gradient_sq.resize(parameter.gradient_sq.size());
    for (std::size_t i = 0; i < parameter.gradient_sq.size(); ++i) sum.gradient_sq[i] += parameter.gradient_sq[i];
  }
  if (blocks.empty()) throw std::invalid_argument("no block has a gradient");
  double largest = -1;
  std::string found;
  for (const auto& block : network.blocks()) {
    const double ratio = blocks.contains(block) ? mean_ratio(blocks[block].gradient_sq, blocks[block].value_sq) : -1;
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

namespace tbft::strategy {
namespace {

class AutoRgn final : public Strategy {
 public:
  AutoRgn()
      : Strategy("auto-rgn",
                 "every parameter but BatchNorm's, each tensor's rate scaled by its relative gradient (Lee et al., ICLR 2023)",
                 {.everything = true}) {}
  Objective objective() const override { return {.rate_by_tensor = true}; }
  void before_epoch(TuningSession& session) const override { session.set_rates(relative_rates(session.probe_gradients())); }
  bool has_plain_step() const override { return false; }
};

class RgnTop1 final : public Strategy {
 public:
  RgnTop1() : Strategy("rgn-top1", "the block of the largest relative gradient (Lee et al., ICLR 2023)") {}
  void prepare(TuningSession& session) const override {
    session.tune({.blocks = {block_of_largest_rgn(session.probe_gradients(), session.network())}});
  }
  bool uses_gradient() const override { return true; }
  bool chooses() const override { return true; }
  bool has_plain_step() const override { return false; }
};

}  // namespace

const Strategy& auto_rgn() {
  static const AutoRgn strategy;
  return strategy;
}

const Strategy& rgn_top1() {
  static const RgnTop1 strategy;
  return strategy;
}

}  // namespace tbft::strategy
