// Training steps on random images, one image at a time as in the paper's energy table, or more. No torch in this header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "harness/step_cost/contender.h"
#include "harness/step_cost/step_operation.h"
#include "models/architecture.h"
#include "models/network_file.h"

namespace tbft {

struct StepperOptions {
  models::NetworkSpec spec;
  std::optional<models::NetworkFile> file{};  // the network, instead of one with random weights
  std::string layout = "channels_last";
  std::uint64_t seed = 0;  // for weights, images and labels: equal seeds give equal steps
  std::int64_t batch = 1;  // images per step
};

// The network that the options mean. Throws models::CheckpointError for a file, otherwise as models::describe().
models::Architecture network_of(const StepperOptions& options);

// Seconds for each gradient of the convolutions of one step, each measured alone. libtorch computes both gradients of a
// convolution in one call; its time is divided in proportion to these. Both are 0 where one of them is not over a square map
// with a square kernel, as in a TorchScript file: then the multiplications divide the time.
struct GradientSeconds {
  double input = 0, weight = 0;
};
GradientSeconds convolution_gradients(const StepperOptions& options, const Contender& contender);

// A network with its own optimiser. A step consists of forward, cross-entropy and, if the strategy trains, backward and Adam.
// BatchNorm is in train mode, as in the published scripts, except for `none`, which adapts nothing and uses eval mode.
class Stepper {
 public:
  Stepper(const StepperOptions& options, const Contender& contender);
  ~Stepper();
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // Restores the initial weights and statistics, so that every window does the same work. A memorised image would have
  // gradients of zero, and denormal numbers, which slow a processor down.
  void restore();
  void step();
  // Makes one step and times it by operation; recording takes some time itself. `split` divides the time of the convolutions'
  // backward pass.
  OperationTimes profiled_step(const GradientSeconds& split);

  // The number of values that the optimiser may change.
  std::int64_t trained_parameters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tbft
