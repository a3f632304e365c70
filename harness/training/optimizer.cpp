#include "harness/training/optimizer.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "models/kernels/kernels.h"

namespace tbft {

Optimizer::Optimizer(std::vector<at::Tensor> parameters, const OptimizerSettings& settings) : settings_(settings) {
  parameters_.reserve(parameters.size());
  for (auto& tensor : parameters) {
    if (tensor.scalar_type() != at::kFloat || !tensor.is_non_overlapping_and_dense())
      throw std::invalid_argument("optimizer: a parameter is not float32, or its values are not dense in memory");
    const at::Tensor zeros = at::zeros_like(tensor.detach());
    parameters_.push_back({.tensor = std::move(tensor),
                           .rate = settings.rate,
                           .first = zeros,
                           .second = settings.adam ? zeros.clone() : at::Tensor()});
  }
}

std::vector<std::pair<std::string, at::Tensor>> Optimizer::buffers() const {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (settings_.adam) {
      result.emplace_back(fmt::format("adam.{}.exp_avg", i), parameters_[i].first);
      result.emplace_back(fmt::format("adam.{}.exp_avg_sq", i), parameters_[i].second);
    } else {
      result.emplace_back(fmt::format("sgd.{}.momentum_buffer", i), parameters_[i].first);
    }
  }
  return result;
}

void Optimizer::step() {
  for (auto& parameter : parameters_) {
    at::Tensor& tensor = parameter.tensor;
    at::Tensor gradient = tensor.grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != tensor.strides()) gradient = at::empty_like(tensor.detach()).copy_(gradient);
    step(parameter, gradient.data_ptr<float>());
    tensor.unsafeGetTensorImpl()->bump_version();  // autograd does not see the change
  }
}

void Optimizer::step(Parameter& parameter, const float* gradient) const {
  auto* const values = parameter.tensor.data_ptr<float>();
  const std::int64_t n = parameter.tensor.numel();
  const auto weight_decay = static_cast<float>(settings_.weight_decay);
  ++parameter.steps;
  if (!settings_.adam) {
    models::kernels::kernels().sgd(values, gradient, parameter.first.data_ptr<float>(), n,
                                   {.rate = static_cast<float>(parameter.rate),
                                    .momentum = static_cast<float>(settings_.momentum),
                                    .weight_decay = weight_decay});
    return;
  }
  constexpr double beta1 = 0.9;
  constexpr double beta2 = 0.999;
  const auto t = static_cast<double>(parameter.steps);
  models::kernels::kernels().adam(values, gradient, parameter.first.data_ptr<float>(), parameter.second.data_ptr<float>(), n,
                                  {.rate = static_cast<float>(parameter.rate / (1 - std::pow(beta1, t))),
                                   .keep_mean = static_cast<float>(beta1),
                                   .add_mean = static_cast<float>(1 - beta1),
                                   .keep_square = static_cast<float>(beta2),
                                   .add_square = static_cast<float>(1 - beta2),
                                   .root = static_cast<float>(std::sqrt(1 - std::pow(beta2, t))),
                                   .epsilon = 1e-8F,
                                   .weight_decay = weight_decay});
}

}  // namespace tbft
