// A fine-tuning strategy: what is trained, and whether a gradient is needed at all. Data, not code: the trainer reads it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/cost.h"

namespace tbft {

struct Strategy {
  std::string_view name;  // as in the paper's tables and in cells.csv
  std::string_view summary;
  models::Tuned tuned{};         // parameters that the optimiser changes
  bool updates_bn_only = false;  // forward passes that refresh BatchNorm statistics, no gradient

  bool uses_gradient() const { return tuned.everything || !tuned.blocks.empty(); }
  bool adapts() const { return uses_gradient() || updates_bn_only; }
};

// One visible list. Block Avg is no strategy: tables derive it.
std::span<const Strategy> strategies();
// Throws std::invalid_argument that lists the known ones.
const Strategy& find_strategy(std::string_view name);
// The trained blocks for cells.csv: "block1", "block1+block2", "all" or "".
std::string blocks_text(const Strategy& strategy);

}  // namespace tbft
