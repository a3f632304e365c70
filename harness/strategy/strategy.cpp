#include "harness/strategy/strategy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

namespace tbft {

std::span<const Strategy> strategies() {
  using models::Block;
  static const std::array list{
      Strategy{.name = "none", .summary = "the base model as it is"},
      Strategy{.name = "bn-stats", .summary = "only BatchNorm running statistics, no gradient", .updates_bn_only = true},
      Strategy{.name = "block1", .summary = "front: conv1 and layer1", .tuned = {.blocks = {Block::block1}}},
      Strategy{.name = "block2", .summary = "middle: layer2", .tuned = {.blocks = {Block::block2}}},
      Strategy{.name = "block3", .summary = "middle: layer3", .tuned = {.blocks = {Block::block3}}},
      Strategy{.name = "fc", .summary = "rear: the classifier", .tuned = {.blocks = {Block::fc}}},
      Strategy{.name = "full", .summary = "every parameter", .tuned = {.everything = true}},
  };
  return list;
}

const Strategy& find_strategy(std::string_view name) {
  const auto list = strategies();
  const auto found = std::ranges::find(list, name, &Strategy::name);
  if (found != list.end()) return *found;
  std::vector<std::string_view> known;
  for (const auto& strategy : list) known.push_back(strategy.name);
  throw std::invalid_argument(fmt::format("unknown strategy '{}'; known: {}", name, fmt::join(known, ", ")));
}

std::string blocks_text(const Strategy& strategy) {
  if (strategy.tuned.everything) return "all";
  std::vector<std::string_view> names;
  for (const auto block : strategy.tuned.blocks) names.push_back(models::to_string(block));
  return fmt::format("{}", fmt::join(names, "+"));
}

}  // namespace tbft
