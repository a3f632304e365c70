#include "harness/step_cost/contender.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace tbft {

namespace {

constexpr std::string_view own = "tbft";
constexpr std::string_view quirk_variant = "published-quirk";

}  // namespace

models::Trained Contender::trained(const models::Architecture& network) const {
  return [this, &network](std::string_view parameter) {
    if (network.trains(strategy->tuned, parameter)) return true;
    return variant == quirk_variant && strategy->name == "block1" && parameter.find("conv1") != std::string_view::npos;
  };
}

std::vector<Contender> contenders(const std::vector<std::string_view>& strategies, bool quirk) {
  std::vector<Contender> all;
  const auto add = [&](std::string_view variant, std::string_view name) {
    const auto& strategy = find_strategy(name);
    if (!strategy.has_plain_step())
      throw std::invalid_argument(fmt::format("{}: its step cost varies, so step-cost cannot measure it", name));
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

std::int64_t step_macs(const models::Architecture& network, const Contender& contender) {
  return contender.strategy->uses_gradient() ? models::step_macs(network, contender.trained(network)).total()
                                             : models::forward_macs(network);
}

}  // namespace tbft
