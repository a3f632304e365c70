#include "harness/training/strategies/strategy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "harness/training/strategies/list.h"
#include "models/cost.h"

namespace tbft {

std::span<const Strategy* const> strategies() {
  static const std::array list{
      &strategy::none(),    &strategy::bn_stats(), &strategy::block1(),     &strategy::block2(),
      &strategy::block3(),  &strategy::fc(),       &strategy::full(),       &strategy::bn_affine(),
      &strategy::tent(),    &strategy::l1_sp(),    &strategy::auto_rgn(),   &strategy::rgn_top1(),
      &strategy::elastic(), &strategy::relabel(),  &strategy::bn_relabel(), &strategy::diagnosed(),
  };
  return list;
}

const Strategy& find_strategy(std::string_view name) {
  const auto list = strategies();
  const auto found = std::ranges::find(list, name, [](const Strategy* strategy) { return strategy->name; });
  if (found != list.end()) return **found;
  if (const Strategy* block = strategy::later_block(name); block != nullptr) return *block;
  std::vector<std::string_view> known;
  for (const auto* strategy : list) known.push_back(strategy->name);
  throw std::invalid_argument(fmt::format("unknown strategy '{}'; known: {}", name, fmt::join(known, ", ")));
}

std::vector<const Strategy*> strategies_for(const models::Architecture& network) {
  std::vector<const Strategy*> list;
  for (const auto* strategy : strategies()) {
    if (strategy->tuned.blocks.empty()) list.push_back(strategy);
    if (strategy == &strategy::block1())
      for (const auto& block : network.blocks()) list.push_back(&find_strategy(block));
  }
  return list;
}

void check_strategy(const Strategy& strategy, const models::Architecture& network) {
  const auto blocks = network.blocks();
  for (const auto& block : strategy.tuned.blocks)
    if (std::ranges::find(blocks, block) == blocks.end())
      throw std::invalid_argument(fmt::format("strategy {}: {} has no {}; its blocks: {}", strategy.name, network.title, block,
                                              fmt::join(blocks, ", ")));
  if (!strategy.tuned.nothing() && models::parameter_count(network, strategy.tuned) == 0)
    throw std::invalid_argument(fmt::format("strategy {}: {} has no parameter for it to tune", strategy.name, network.title));
  // Batch statistics, whatever the settings request.
  const bool renews_statistics = strategy.batchnorm("eval") == "train";
  if (renews_statistics && !network.has(models::Layer::Kind::batchnorm))
    throw std::invalid_argument(fmt::format("strategy {}: {} has no BatchNorm, so there are no running statistics to renew",
                                            strategy.name, network.title));
}

std::string blocks_text(const models::Tuned& tuned) {
  if (tuned.everything) return "all";
  auto names = tuned.blocks;
  if (tuned.batchnorm) names.emplace_back("bn");
  return fmt::format("{}", fmt::join(names, "+"));
}

}  // namespace tbft
