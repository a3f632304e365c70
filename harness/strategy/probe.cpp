#include "harness/strategy/probe.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <utility>

#include "harness/batches.h"
#include "harness/network.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

double sum_of_squares(const at::Tensor& tensor) {
  return tensor.detach().to(at::kDouble).square().sum().item<double>();
}

std::vector<std::pair<std::string, at::Tensor>> differentiated(models::ResNet& net) {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& item : net->named_parameters())
    if (item.value().requires_grad()) result.emplace_back(item.key(), item.value());
  return result;
}

void backward(models::ResNet& net, const Batch& batch) {
  const at::AutoGradMode on(true);
  F::cross_entropy(net->forward(batch.x), batch.y).backward();
}

// The mean gradient over mini-batches.
std::vector<at::Tensor> mean_gradient(models::ResNet& net, std::span<const Batch> batches,
                                      const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  drop_gradients(net);
  for (const auto& batch : batches) backward(net, batch);  // gradients add up
  const torch::NoGradGuard guard;
  std::vector<at::Tensor> result;
  result.reserve(parameters.size());
  for (const auto& [name, value] : parameters) result.push_back(value.grad() / static_cast<double>(batches.size()));
  drop_gradients(net);
  return result;
}

}  // namespace

std::vector<ProbedParameter> probe_gradients(models::ResNet& net, std::span<const Batch> batches) {
  net->eval();
  const auto parameters = differentiated(net);
  std::vector<ProbedParameter> result;
  result.reserve(parameters.size());
  for (const auto& [name, value] : parameters) result.push_back({name, sum_of_squares(value), {}});
  for (const auto& batch : batches) {
    drop_gradients(net);
    backward(net, batch);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      result[i].gradient_sq.push_back(sum_of_squares(parameters[i].second.grad()));
  }
  drop_gradients(net);
  return result;
}

std::vector<ProbedStep> probe_step(models::ResNet& net, std::span<const Batch> batches, double lr) {
  net->eval();
  const auto parameters = differentiated(net);
  std::vector<at::Tensor> before;
  before.reserve(parameters.size());
  for (const auto& [name, value] : parameters) before.push_back(value.detach().clone());
  const auto first = mean_gradient(net, batches, parameters);
  {
    const torch::NoGradGuard guard;
    for (std::size_t i = 0; i < parameters.size(); ++i) at::Tensor(parameters[i].second).sub_(first[i], lr);
  }
  const auto second = mean_gradient(net, batches, parameters);
  const torch::NoGradGuard guard;
  std::vector<ProbedStep> result;
  result.reserve(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor(parameters[i].second).copy_(before[i]);
    const auto dot = (first[i].to(at::kDouble) * second[i].to(at::kDouble)).sum().item<double>();
    result.push_back({parameters[i].first, lr * dot});
  }
  return result;
}

}  // namespace tbft
