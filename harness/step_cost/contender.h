// What step-cost measures side by side: a strategy, tuned as this program does or as the published energy script did.
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

  // Which parameters its optimiser changes. The quirk: the published script picks layers by substring, so its block1 (`conv1`,
  // `layer1`) also holds the conv1 of every residual block behind. Both must outlive the result.
  models::Trained trained(const models::Architecture& network) const;
};

// The strategies by name, in that order, `full` last in any case (the reference of every saving); then, with `quirk`, those of
// them that the published script tunes differently. Throws std::invalid_argument for an unknown name or one named twice.
std::vector<Contender> contenders(const std::vector<std::string_view>& strategies, bool quirk);

// Multiply-accumulates of its step on one image; a strategy without gradient has the forward pass alone.
std::int64_t step_macs(const models::Architecture& network, const Contender& contender);

}  // namespace tbft
