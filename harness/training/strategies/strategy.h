// A fine-tuning strategy: what it changes of a network, and how. One file each beside this one; strategies.cpp has the list.
// The training loop (training_run.h) knows none of them by name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "models/architecture.h"

namespace tbft {

class TuningSession;

// What its steps minimise, and at which rates.
struct Objective {
  bool labelled = true;         // the cross-entropy; else the entropy of the predictions, by Adam without weight decay (TENT)
  double l1_sp = 0;             // times the L1 distance from where training began: added to the loss
  bool rate_by_tensor = false;  // one learning rate for each tensor (TuningSession::set_rates); BatchNorm is not trained
};

// Passes of the network beside those of the epochs.
struct ExtraPasses {
  int training = 0, validation = 0;  // forward, over all images of the set
};

class Strategy {
 public:
  Strategy(std::string_view its_name, std::string_view its_summary, models::Tuned its_tuned = {})
      : name(its_name), summary(its_summary), tuned(std::move(its_tuned)) {}
  virtual ~Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;

  const std::string_view name;  // as in the paper's tables and in cells.csv
  const std::string_view summary;
  const models::Tuned tuned;  // parameters that the optimiser changes; nothing where prepare() finds them

  // In order: begin(); prepare() when the first epoch begins, and before_epoch() when each does, both within its training
  // phase; finish(), which returns whether it changed the network again, so that it is validated once more.
  virtual void begin(TuningSession&) const {}
  virtual void prepare(TuningSession&) const {}
  virtual void before_epoch(TuningSession&) const {}
  virtual bool finish(TuningSession&) const { return false; }

  virtual Objective objective() const { return {}; }
  virtual bool uses_gradient() const { return !tuned.nothing(); }
  virtual bool has_epochs() const { return uses_gradient(); }
  // Whether the network it gives differs from the base model.
  virtual bool adapts() const { return true; }
  // Whether prepare() finds what is tuned.
  virtual bool chooses() const { return false; }
  // Whether another strategy, which a diagnosis of the drift names, does its work (TrainSettings::diagnosed).
  virtual bool becomes_another() const { return false; }
  // The mode of BatchNorm in training, where the settings ask for this one: train | frozen-eval | eval.
  virtual std::string batchnorm(const std::string& asked) const { return uses_gradient() ? asked : "eval"; }

  // Each of its steps is the same: forward, backward and optimiser for `tuned`, or forward alone. So the cost model says.
  virtual bool has_plain_step() const { return true; }
  virtual ExtraPasses extra_passes() const { return {}; }
};

// One visible list. Block Avg is no strategy: tables derive it.
std::span<const Strategy* const> strategies();
// Throws std::invalid_argument that lists the known ones.
const Strategy& find_strategy(std::string_view name);
// What is trained, for cells.csv: "block1", "block1+block2", "bn", "all" or "".
std::string blocks_text(const models::Tuned& tuned);

}  // namespace tbft
