// What step-cost measures side by side: a strategy, tuned as this program does or as the published energy script did.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/training/strategies/strategy.h"
#include "models/spec.h"

namespace tbft {

struct Contender {
  std::string_view variant;  // tbft | published-quirk, as in step_cost.csv
  const Strategy* strategy = nullptr;

  // Whether its optimiser changes this parameter, named as in the checkpoints. The quirk: the published script picks layers by
  // substring, so its block1 (`conv1`, `layer1`) also holds the conv1 of every basic block of layer2 and layer3.
  bool trains(std::string_view parameter) const;
};

// The strategies by name, in that order, `full` last in any case (the reference of every saving); then, with `quirk`, those of
// them that the published script tunes differently. Throws std::invalid_argument for an unknown name or one named twice.
std::vector<Contender> contenders(const std::vector<std::string_view>& strategies, bool quirk);

// Values of the network that it trains. 32 px: block1 19,120, with the quirk 180,400.
std::int64_t trained_parameters(const models::ResNetSpec& spec, const Contender& contender);
// Multiply-accumulates of its step on one image; a strategy without gradient has the forward pass alone.
std::int64_t step_macs(const models::ResNetSpec& spec, const Contender& contender);

}  // namespace tbft
