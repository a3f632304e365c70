// The loss of a strategy and its optimiser. Includes torch: for the trainer.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

#include "harness/training/strategies/strategy.h"

namespace tbft {

struct TrainSettings;

// Makes one parameter group for each tensor if each has its own learning rate, otherwise one for all.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const Objective& objective, const TrainSettings& settings,
                                                        const std::vector<at::Tensor>& parameters);

// The mean loss over samples, from logits [N, classes] and labels [N]: the cross-entropy, or for an objective without labels
// the entropy of the predictions (TENT, Wang et al., ICLR 2021, section 3.1).
at::Tensor loss_of(const Objective& objective, const at::Tensor& logits, const at::Tensor& labels);

// Adds the gradient of weight * |theta - start|_1 to theta's gradient: weight times the sign, 0 for an unchanged value.
void add_l1_gradient(std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& start, double weight);

}  // namespace tbft
