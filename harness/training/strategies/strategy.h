// A fine-tuning strategy: what is trained, and how. Data: the trainer reads it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/cost.h"

namespace tbft {

// How what to train is found: fixed by the strategy, the blocks picked by the first gradients (rgn.h, elastic.h), or one of the
// other strategies by a diagnosis of the drift (diagnosed.h).
enum class Choice { fixed, rgn_top1, elastic, diagnosed };

struct Strategy {
  std::string_view name;  // as in the paper's tables and in cells.csv
  std::string_view summary;
  models::Tuned tuned{};          // parameters that the optimiser changes
  bool updates_bn_only = false;   // forward passes that refresh BatchNorm statistics, no gradient
  bool relabels = false;          // the classifier's outputs are renamed, no gradient (relabel.h)
  bool unlabelled = false;        // lowers the entropy of the predictions, by Adam without weight decay, as TENT does
  double l1_sp = 0;               // times the L1 distance from where training began: added to the loss
  bool relative_rates = false;    // a learning rate for each tensor, anew each epoch (rgn.h); BatchNorm is not trained
  Choice choice = Choice::fixed;  // where not fixed, `tuned` is empty until the first gradients are known

  bool uses_gradient() const { return !tuned.nothing() || choice != Choice::fixed; }
  bool adapts() const { return uses_gradient() || updates_bn_only || relabels; }
  // Each of its steps is the same: forward, backward and optimiser for `tuned`, or forward alone. So the cost model says.
  bool has_plain_step() const { return !relabels && !unlabelled && l1_sp == 0 && !relative_rates && choice == Choice::fixed; }
};

// One visible list. Block Avg is no strategy: tables derive it.
std::span<const Strategy> strategies();
// Throws std::invalid_argument that lists the known ones.
const Strategy& find_strategy(std::string_view name);
// What is trained, for cells.csv: "block1", "block1+block2", "bn", "all" or "".
std::string blocks_text(const models::Tuned& tuned);

}  // namespace tbft
