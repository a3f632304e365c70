// A fine-tuning strategy: which parameters of a network it changes, and how. Each has a file beside this one; strategies.cpp
// lists them. The training loop (training_run.h) knows none of them by name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/architecture.h"

namespace tbft {

class TuningSession;

// The loss that its steps minimise, and their learning rates.
struct Objective {
  bool labelled = true;         // the cross-entropy; false: the entropy of the predictions, by Adam without weight decay (TENT)
  double l1_sp = 0;             // weight of the L1 distance from the starting values in the loss
  bool rate_by_tensor = false;  // one learning rate for each tensor (TuningSession::set_rates); BatchNorm is not trained
};

// Passes through the network in addition to those of the epochs.
struct ExtraPasses {
  int training = 0, validation = 0;  // forward passes over all images of the set
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
  const models::Tuned tuned;  // parameters that the optimiser changes; empty if prepare() chooses them

  // Called in this order: begin(); prepare() once, when the first epoch begins; before_epoch() when each begins, both within
  // its training phase; finish(), which returns whether it changed the network again, so that it is validated once more.
  virtual void begin(TuningSession&) const {}
  virtual void prepare(TuningSession&) const {}
  virtual void before_epoch(TuningSession&) const {}
  virtual bool finish(TuningSession&) const { return false; }

  virtual Objective objective() const { return {}; }
  virtual bool uses_gradient() const { return !tuned.nothing(); }
  virtual bool has_epochs() const { return uses_gradient(); }
  // Whether the resulting network differs from the base model.
  virtual bool adapts() const { return true; }
  // Whether prepare() chooses the tuned parameters.
  virtual bool chooses() const { return false; }
  // Whether another strategy, named by a diagnosis of the drift, does its work (TrainSettings::diagnosed).
  virtual bool becomes_another() const { return false; }
  // The mode of BatchNorm in training if the settings request `requested`: train | frozen-eval | eval.
  virtual std::string batchnorm(const std::string& requested) const { return uses_gradient() ? requested : "eval"; }

  // Whether all its steps are the same: forward, backward and optimiser for `tuned`, or forward alone. The cost model needs
  // this.
  virtual bool has_plain_step() const { return true; }
  virtual ExtraPasses extra_passes() const { return {}; }
};

// All strategies for the paper's network. Block Avg is not among them, because tables derive it.
std::span<const Strategy* const> strategies();
// The same with the blocks of this network in place of the paper's.
std::vector<const Strategy*> strategies_for(const models::Architecture& network);
// A strategy by its name, also block4 to block99 of larger networks. Throws std::invalid_argument that lists the known
// strategies.
const Strategy& find_strategy(std::string_view name);
// Throws std::invalid_argument if the network cannot be tuned so: it lacks a block, or the BatchNorm whose statistics the
// strategy renews.
void check_strategy(const Strategy& strategy, const models::Architecture& network);
// The trained parameters for cells.csv: "block1", "block1+block2", "bn", "all" or "".
std::string blocks_text(const models::Tuned& tuned);

}  // namespace tbft
