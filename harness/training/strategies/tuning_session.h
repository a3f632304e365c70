// The operations that a strategy may apply to its network, besides training steps. No torch here; the training loop implements
// it.
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

  // Makes the optimiser change these parameters from now on.
  virtual void tune(const models::Tuned& tuned) = 0;
  // The probes of probe.h on a few mini-batches, drawn anew for each epoch: for the tuned parameters, or for all if none is
  // tuned.
  virtual std::vector<ProbedParameter> probe_gradients() = 0;
  virtual std::vector<ProbedStep> probe_step() = 0;
  // Sets the learning rates of the tuned tensors, in their order, as fractions of the one in the settings.
  virtual void set_rates(std::span<const double> relative) = 0;
  // Renames the classifier's outputs by the labels of the training images (network.h), in a training phase of its own.
  virtual void relabel() = 0;
};

}  // namespace tbft
