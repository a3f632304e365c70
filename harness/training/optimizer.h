// SGD with momentum, and Adam, as libtorch's classes of these names, but a step is one pass over each parameter instead of a
// dozen operations, which take longer than the step's arithmetic where a network is small. Includes torch: for the training
// loop and the step cost.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tbft {

struct OptimizerSettings {
  bool adam = false;  // betas 0.9 and 0.999, epsilon 1e-8
  double rate = 1e-3;
  double momentum = 0.9;  // SGD's
  double weight_decay = 0;
};

class Optimizer {
 public:
  // The parameters are float32 and dense; throws std::invalid_argument otherwise.
  Optimizer(std::vector<at::Tensor> parameters, const OptimizerSettings& settings);

  // Changes each parameter by its gradient; one without a gradient stays as it is.
  void step();
  // The learning rate of one parameter, or of all, from the next step on.
  void set_rate(std::size_t parameter, double rate) { parameters_[parameter].rate = rate; }
  void set_rate(double rate) {
    for (auto& parameter : parameters_) parameter.rate = rate;
  }
  // What the next step depends on beside parameters and settings: each parameter's velocity, or the running means of its
  // gradient and of its square, with a name. They are the optimiser's own memory: filled from saved ones, and with the number
  // of steps done, it goes on where the other one stopped.
  std::vector<std::pair<std::string, at::Tensor>> buffers() const;
  void set_steps(std::int64_t steps) {
    for (auto& parameter : parameters_) parameter.steps = steps;
  }

 private:
  struct Parameter {
    at::Tensor tensor;
    double rate;
    std::int64_t steps = 0;
    at::Tensor first, second;  // velocity and nothing, or mean and mean square; of the parameter's shape and strides
  };
  void step(Parameter& parameter, const float* gradient) const;

  OptimizerSettings settings_;
  std::vector<Parameter> parameters_;
};

}  // namespace tbft
