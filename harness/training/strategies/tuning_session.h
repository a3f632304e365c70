// What a strategy may do to the network at hand, besides the steps of training. No torch here; the training loop implements it.
#pragma once

#include <span>
#include <vector>

#include "harness/training/probe.h"
#include "models/architecture.h"

namespace tbft {

class TuningSession {
 public:
  virtual ~TuningSession() = default;
  virtual const models::Architecture& network() const = 0;

  // From here on the optimiser changes these parameters.
  virtual void tune(const models::Tuned& tuned) = 0;
  // What probe.h says of a few mini-batches, drawn anew for each epoch: of the tuned parameters, or of all while none is tuned.
  virtual std::vector<ProbedParameter> probe_gradients() = 0;
  virtual std::vector<ProbedStep> probe_step() = 0;
  // Learning rates of the tuned tensors, in their order, as parts of the one in the settings.
  virtual void set_rates(std::span<const double> relative) = 0;
  // Renames the classifier's outputs after the labels of the training images (rename_outputs.h), in a training phase of its
  // own.
  virtual void relabel() = 0;
};

}  // namespace tbft
