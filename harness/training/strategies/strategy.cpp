#include "harness/training/strategies/strategy.h"

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
      Strategy{.name = "bn-affine", .summary = "weights and biases of every BatchNorm", .tuned = {.batchnorm = true}},
      Strategy{.name = "tent",
               .summary = "the same, without labels, by the entropy of the predictions (Wang et al., ICLR 2021)",
               .tuned = {.batchnorm = true},
               .unlabelled = true},
      Strategy{.name = "l1-sp",
               .summary = "every parameter, drawn to its starting value (Li et al., ICML 2018)",
               .tuned = {.everything = true},
               .l1_sp = 1e-3},
      Strategy{
          .name = "auto-rgn",
          .summary = "every parameter but BatchNorm's, each tensor at a rate by its relative gradient (Lee et al., ICLR 2023)",
          .tuned = {.everything = true},
          .relative_rates = true},
      Strategy{.name = "rgn-top1",
               .summary = "the block of the largest relative gradient (Lee et al., ICLR 2023)",
               .choice = Choice::rgn_top1},
      Strategy{.name = "elastic",
               .summary = "the most important blocks that cost two thirds of full (after Huang et al., MobiSys 2023)",
               .choice = Choice::elastic},
      Strategy{.name = "relabel", .summary = "classes renamed after the labels, no gradient", .relabels = true},
      Strategy{.name = "bn-relabel",
               .summary = "bn-stats, and classes renamed after the labels; no gradient",
               .updates_bn_only = true,
               .relabels = true},
      Strategy{.name = "diagnosed",
               .summary = "what a diagnosis of the drift names (tbft diagnose); needs model.reference",
               .choice = Choice::diagnosed},
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

std::string blocks_text(const models::Tuned& tuned) {
  if (tuned.everything) return "all";
  std::vector<std::string_view> names;
  for (const auto block : tuned.blocks) names.push_back(models::to_string(block));
  if (tuned.batchnorm) names.emplace_back("bn");
  return fmt::format("{}", fmt::join(names, "+"));
}

}  // namespace tbft
