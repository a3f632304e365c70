#include "harness/training/probe.h"

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/ops/zeros_like.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <utility>

#include "harness/data/split.h"
#include "harness/training/batches.h"
#include "harness/training/network.h"
#include "harness/training/trainer.h"

namespace tbft {

namespace {

namespace F = torch::nn::functional;

constexpr std::int64_t probe_batches = 5;

double sum_of_squares(const at::Tensor& tensor) {
  return tensor.detach().to(at::kDouble).square().sum().item<double>();
}

std::vector<std::pair<std::string, at::Tensor>> differentiated(models::Network& net) {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& item : net.named_parameters())
    if (item.value().requires_grad()) result.emplace_back(item.key(), item.value());
  return result;
}

void backward(models::Network& net, const Batch& batch) {
  const at::AutoGradMode on(true);
  F::cross_entropy(net.forward(batch.x), batch.y).backward();
}

// Zeros if the loss does not reach the parameter.
at::Tensor gradient_of(const at::Tensor& parameter) {
  return parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter);
}

// The mean gradient over mini-batches.
std::vector<at::Tensor> mean_gradient(models::Network& net, std::span<const Batch> batches,
                                      const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  drop_gradients(net);
  for (const auto& batch : batches) backward(net, batch);  // gradients accumulate
  const torch::NoGradGuard guard;
  std::vector<at::Tensor> result;
  result.reserve(parameters.size());
  for (const auto& [name, value] : parameters) result.push_back(gradient_of(value) / static_cast<double>(batches.size()));
  drop_gradients(net);
  return result;
}

}  // namespace

std::vector<Batch> draw_probe(const models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                              const TrainSettings& settings, std::int64_t draw) {
  const auto n = static_cast<std::int64_t>(indices.size());
  const auto order =
      data::permutation(n, static_cast<std::uint32_t>(settings.seed * 1000003 + static_cast<std::uint64_t>(draw)));
  std::vector<Batch> batches;
  for (std::int64_t begin = 0; begin < std::min(n, probe_batches * settings.batch); begin += settings.batch) {
    std::vector<std::int64_t> picked;
    for (const auto i : slice(order, static_cast<std::size_t>(begin), static_cast<std::size_t>(settings.batch)))
      picked.push_back(indices[static_cast<std::size_t>(i)]);
    batches.push_back(make_batch(images, picked, net.architecture().normalisation, settings.layout));
  }
  return batches;
}

std::vector<ProbedParameter> probe_gradients(models::Network& net, std::span<const Batch> batches) {
  net.eval();
  const auto parameters = differentiated(net);
  std::vector<ProbedParameter> result;
  result.reserve(parameters.size());
  for (const auto& [name, value] : parameters) result.push_back({name, sum_of_squares(value), {}});
  for (const auto& batch : batches) {
    drop_gradients(net);
    backward(net, batch);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      result[i].gradient_sq.push_back(sum_of_squares(gradient_of(parameters[i].second)));
  }
  drop_gradients(net);
  return result;
}

std::vector<ProbedStep> probe_step(models::Network& net, std::span<const Batch> batches, double lr) {
  net.eval();
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
