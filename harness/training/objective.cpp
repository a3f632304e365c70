#include "harness/training/objective.h"

#include <torch/nn/functional/loss.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>

#include "harness/training/trainer.h"

namespace tbft {

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const Objective& objective, const TrainSettings& s,
                                                        const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  if (objective.rate_by_tensor)
    for (const auto& parameter : parameters) groups.emplace_back(std::vector<torch::Tensor>{parameter});
  else
    groups.emplace_back(parameters);
  const double weight_decay = objective.labelled ? s.weight_decay : 0;
  if (s.optimizer == "adam" || !objective.labelled)
    return std::make_unique<torch::optim::Adam>(std::move(groups), torch::optim::AdamOptions(s.lr).weight_decay(weight_decay));
  return std::make_unique<torch::optim::SGD>(std::move(groups),
                                             torch::optim::SGDOptions(s.lr).momentum(s.momentum).weight_decay(weight_decay));
}

torch::Tensor loss_of(const Objective& objective, const torch::Tensor& logits, const torch::Tensor& labels) {
  if (objective.labelled) return torch::nn::functional::cross_entropy(logits, labels);
  return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean();
}

void add_l1_gradient(std::vector<torch::Tensor>& parameters, const std::vector<torch::Tensor>& start, double weight) {
  const torch::NoGradGuard guard;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i].mutable_grad().add_((parameters[i] - start[i]).sign_(), weight);
}

}  // namespace tbft
