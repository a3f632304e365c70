// Training steps of random images, one at a time as in the paper's energy table or more. No torch in this header.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/step_cost/contender.h"
#include "harness/step_cost/step_operation.h"
#include "models/architecture.h"

namespace tbft {

struct StepperOptions {
  models::NetworkSpec spec;
  std::string layout = "channels_last";
  std::uint64_t seed = 0;  // of weights, images and labels: equal seeds give equal steps
  std::int64_t batch = 1;  // images a step
};

// Seconds that the convolutions of one step take for their gradients, each measured alone: what the backward pass of a
// convolution, which computes both in one call, is split by.
struct GradientSeconds {
  double input = 0, weight = 0;
};
GradientSeconds convolution_gradients(const StepperOptions& options, const Contender& contender);

// A network with an optimiser of its own. A step: forward, cross-entropy and, where the strategy trains, backward and Adam.
// BatchNorm is in train mode, as in the published scripts; for `none`, which adapts nothing, in eval mode.
class Stepper {
 public:
  Stepper(const StepperOptions& options, const Contender& contender);
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // Weights and statistics as at first, so that every window does the same work: an image learnt by heart has gradients of
  // zero, and numbers so small that they slow a processor down.
  void restore();
  void step();
  // A step whose time is told by operation; recording it takes some time of its own. `split` divides the convolutions'
  // backward pass.
  OperationTimes profiled_step(const GradientSeconds& split);

  // Values that the optimiser was given.
  std::int64_t trained_parameters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft
