// A candidate strategy of step-cost, tuned as this program does or as the published energy script did.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/training/strategies/strategy.h"
#include "models/cost.h"

namespace tbft {

struct Contender {
  std::string_view variant;  // tbft | published-quirk, as in step_cost.csv
  const Strategy* strategy = nullptr;

  // The parameters that its optimiser changes. The published script has a quirk: it selects layers by substring, so its block1
  // (`conv1`, `layer1`) also contains the conv1 of every later residual block. This object and `network` must outlive the
  // result.
  models::Trained trained(const models::Architecture& network) const;
};

// The named strategies in that order, with `full` always last, because every saving refers to it. With `quirk`, those that the
// published script tunes differently follow. Throws std::invalid_argument for an unknown name, one named twice, or a strategy
// whose step cost varies.
std::vector<Contender> contenders(const std::vector<std::string_view>& strategies, bool quirk);

// Multiply-accumulates of a step on one image; a strategy without gradient has only the forward pass.
std::int64_t step_macs(const models::Architecture& network, const Contender& contender);

}  // namespace tbft
