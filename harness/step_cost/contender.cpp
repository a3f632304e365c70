#include "harness/step_cost/contender.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

namespace tbft {

namespace {

constexpr std::string_view own = "tbft";
constexpr std::string_view quirk_variant = "published-quirk";

std::int64_t values(const models::TensorInfo& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies());
}

// The map that a convolution of layer1..layer3 gives out has the layer's side.
std::int64_t side_of(const models::ResNetSpec& spec, std::string_view parameter) {
  for (int layer = 1; layer <= 3; ++layer)
    if (parameter.starts_with(fmt::format("layer{}.", layer))) return spec.side(layer);
  return spec.pixels;
}

}  // namespace

bool Contender::trains(std::string_view parameter) const {
  if (models::trains(strategy->tuned, parameter)) return true;
  return variant == quirk_variant && strategy->name == "block1" && parameter.find("conv1") != std::string_view::npos;
}

std::vector<Contender> contenders(const std::vector<std::string_view>& strategies, bool quirk) {
  std::vector<Contender> all;
  const auto add = [&](std::string_view variant, std::string_view name) {
    const auto& strategy = find_strategy(name);
    if (!strategy.has_plain_step())
      throw std::invalid_argument(fmt::format("{}: its steps are not all the same, so that one of them says little", name));
    all.push_back({variant, &strategy});
  };
  for (const auto name : strategies) {
    if (std::ranges::count(strategies, name) > 1) throw std::invalid_argument(fmt::format("strategy {} is named twice", name));
    if (name != "full") add(own, name);
  }
  add(own, "full");
  if (quirk && std::ranges::count(strategies, "block1") > 0) add(quirk_variant, "block1");
  return all;
}

std::int64_t trained_parameters(const models::ResNetSpec& spec, const Contender& contender) {
  std::int64_t total = 0;
  for (const auto& tensor : models::tensors_of(spec))
    if (tensor.is_parameter && contender.trains(tensor.name)) total += values(tensor);
  return total;
}

std::int64_t step_macs(const models::ResNetSpec& spec, const Contender& contender) {
  const auto& tuned = contender.strategy->tuned;
  if (!contender.strategy->uses_gradient()) return models::forward_macs(spec);
  std::int64_t total = models::training_macs(spec, tuned);
  // What is trained beyond the strategy's blocks lies behind its frontmost layer: it adds weight gradients only.
  for (const auto& tensor : models::tensors_of(spec)) {
    const bool beyond = tensor.is_parameter && contender.trains(tensor.name) && !models::trains(tuned, tensor.name);
    const std::int64_t side = side_of(spec, tensor.name);
    if (beyond && tensor.shape.size() == 4) total += values(tensor) * side * side;
  }
  return total;
}

}  // namespace tbft
