#include "models/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include "models/forward_only.h"
#include "models/product.h"

namespace tbft::models {

namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

std::int64_t rows_of(const Tensor& x) {
  return x.numel() / x.size(-1);
}

// [..., channels] of the rows of x.
Tensor new_map(const Tensor& x, std::int64_t channels) {
  auto sizes = x.sizes().vec();
  sizes.back() = channels;
  return at::empty(sizes, x.options());
}

Tensor forward_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  RECORD_FUNCTION("tbft::linear", std::vector<c10::IValue>{});
  Tensor y = new_map(x, weight.size(0));
  y.copy_(bias.expand_as(y));
  product({x.data_ptr<float>()}, {weight.data_ptr<float>(), true}, rows_of(x), weight.size(0), weight.size(1), true,
          y.data_ptr<float>());
  return y;
}

class LinearFunction : public Function<LinearFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    ctx->save_for_backward({weight.requires_grad() ? x : Tensor(), weight});
    return forward_linear(x, weight, bias);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    const auto& [x, weight] = std::tie(saved[0], saved[1]);
    const Tensor dy = gradients[0].contiguous();
    const std::int64_t rows = rows_of(dy);
    const std::int64_t out = weight.size(0);
    const std::int64_t in = weight.size(1);
    variable_list result(3);
    if (ctx->needs_input_grad(0)) {
      result[0] = new_map(dy, in);
      product({dy.data_ptr<float>()}, {weight.data_ptr<float>()}, rows, in, out, false, result[0].data_ptr<float>());
    }
    if (ctx->needs_input_grad(1)) {
      result[1] = at::empty_like(weight);
      product({dy.data_ptr<float>(), true}, {x.data_ptr<float>()}, out, in, rows, false, result[1].data_ptr<float>());
    }
    if (ctx->needs_input_grad(2)) result[2] = dy.reshape({rows, out}).sum(0);
    return result;
  }
};

bool supported(const Tensor& x, const torch::nn::LinearImpl& layer) {
  const auto plain = [](const Tensor& t) { return t.defined() && t.device().is_cpu() && t.scalar_type() == at::kFloat; };
  return has_fast_products && uses_onednn() && plain(x) && plain(layer.weight) && plain(layer.bias) && x.numel() > 0 &&
         layer.weight.is_contiguous() && x.size(-1) == layer.weight.size(1);
}

}  // namespace

Tensor linear(const Tensor& x, const torch::nn::LinearImpl& layer) {
  if (!supported(x, layer)) return at::linear(x, layer.weight, layer.bias);
  const Tensor rows = x.contiguous();
  if (needs_gradient({&x, &layer.weight, &layer.bias})) return LinearFunction::apply(rows, layer.weight, layer.bias);
  return forward_linear(rows, layer.weight, layer.bias);
}

}  // namespace tbft::models
