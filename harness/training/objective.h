// What a strategy minimises, and by which optimiser. Includes torch: for the trainer.
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

// A group a parameter where each has its rate, else one for all.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const Objective& objective, const TrainSettings& settings,
                                                        const std::vector<at::Tensor>& parameters);

// Of logits [N, classes] and labels [N]: the entropy of the predictions where labels are not used (TENT, Wang et al., ICLR
// 2021, section 3.1), else the cross-entropy; the mean over samples.
at::Tensor loss_of(const Objective& objective, const at::Tensor& logits, const at::Tensor& labels);

// Adds the gradient of weight * |theta - start|_1 to theta's: weight times the sign, zero where a value has not moved.
void add_l1_gradient(std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& start, double weight);

}  // namespace tbft
