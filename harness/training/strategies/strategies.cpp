#include "harness/training/strategies/strategy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "harness/training/strategies/list.h"

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
  std::vector<std::string_view> known;
  for (const auto* strategy : list) known.push_back(strategy->name);
  throw std::invalid_argument(fmt::format("unknown strategy '{}'; known: {}", name, fmt::join(known, ", ")));
}

std::string blocks_text(const models::Tuned& tuned) {
  if (tuned.everything) return "all";
  auto names = tuned.blocks;
  if (tuned.batchnorm) names.emplace_back("bn");
  return fmt::format("{}", fmt::join(names, "+"));
}

}  // namespace tbft
