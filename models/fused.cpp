#include "models/fused.h"

#include <ATen/Context.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/native/ConvUtils.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mkldnn_convolution.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "models/forward_only.h"
#include "models/kernels/kernels.h"
#include "models/maps.h"

namespace tbft::models {

namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;
namespace nn = torch::nn;

struct BatchNormGradient {
  Tensor weight, bias;  // undefined: not requested
};

// The backward pass of batchnorm_relu. Overwrites `gradient`, which is that of the output, with the gradient of x plus `beside`
// if that of x is needed.
BatchNormGradient batchnorm_relu_backward(const Tensor& x, const BatchNormValues& by, bool training, Tensor& gradient,
                                          const Tensor& beside, bool for_x, bool for_parameters) {
  RECORD_FUNCTION("tbft::batch_norm_relu_backward", std::vector<c10::IValue>{});
  const Rows map(x);
  const auto channels = static_cast<std::size_t>(map.channels);
  const auto* value = x.data_ptr<float>();
  auto* g = gradient.data_ptr<float>();
  BatchNormGradient result;
  std::vector<float> slope(channels, 0.0F);
  std::vector<float> offset(channels, 0.0F);
  if (for_parameters || (training && for_x)) {
    const auto sums = sum_chunks(map, [&](std::int64_t i, double* part) {
      kernels::kernels().gradient_sums(value + map.offset(i), g + map.offset(i), map.size(i), map.channels, by.scale(),
                                       by.shift(), by.mean(), part);
    });
    if (for_parameters) {
      result = {at::empty({map.channels}, at::kFloat), at::empty({map.channels}, at::kFloat)};
      for (std::size_t c = 0; c < channels; ++c) {
        result.weight.data_ptr<float>()[c] = static_cast<float>(sums[channels + c] * by.inverse_deviation()[c]);
        result.bias.data_ptr<float>()[c] = static_cast<float>(sums[c]);
      }
    }
    if (training) {
      for (std::size_t c = 0; c < channels; ++c) {
        const double mean_of = -static_cast<double>(by.scale()[c]) / static_cast<double>(map.rows);
        const auto inverse = static_cast<double>(by.inverse_deviation()[c]);
        offset[c] = static_cast<float>(mean_of * sums[c]);
        slope[c] = static_cast<float>(mean_of * sums[channels + c] * inverse * inverse);
      }
    }
  }
  if (for_x) {
    const float* more = beside.defined() ? beside.data_ptr<float>() : nullptr;
    for_chunks(map, [&](std::int64_t i) {
      const std::int64_t at = map.offset(i);
      kernels::kernels().input_gradient(value + at, g + at, more == nullptr ? nullptr : more + at, g + at, map.size(i),
                                        map.channels, by.scale(), by.shift(), by.mean(), slope.data(), offset.data());
    });
  }
  return result;
}

// With one thread and one image, at::convolution would use a matrix product instead of oneDNN, which is slow with the reference
// BLAS.
Tensor convolve(const Tensor& x, const nn::Conv2dImpl& conv) {
  const std::int64_t stride = conv.options.stride()->at(0);
  if (uses_onednn())
    return at::mkldnn_convolution(x, conv.weight, {}, {1, 1}, {stride, stride}, {1, 1}, 1).contiguous(channels_last);
  return at::convolution(x, conv.weight, {}, {stride, stride}, {1, 1}, {1, 1}, false, {0, 0}, 1).contiguous(channels_last);
}

// The intermediate results of a block's forward pass.
struct BlockMaps {
  Tensor activated1, middle, activated2, out;
  Tensor norm1, norm2;
};

// `keep`: a gradient needs middle, so activated2 cannot reuse its memory.
BlockMaps forward_block(const Tensor& x, const BlockParts& parts, std::optional<Moments>& moments, bool wanted, bool keep) {
  const auto normalised = [](const Tensor& from, nn::BatchNorm2dImpl& bn, const Moments* known, bool in_place, Tensor& norm) {
    RECORD_FUNCTION("tbft::batch_norm_relu", std::vector<c10::IValue>{});
    const auto by = batchnorm_values(from, bn, known);
    norm = by.values;
    Tensor to = in_place ? from : at::empty_like(from);
    normalise_relu(from, by, to);
    return to;
  };
  BlockMaps maps;
  maps.activated1 = normalised(x, parts.bn1, moments ? &*moments : nullptr, false, maps.norm1);
  maps.middle = convolve(maps.activated1, parts.conv1);
  if (!keep) maps.activated1 = Tensor();
  maps.activated2 = normalised(maps.middle, parts.bn2, nullptr, !keep, maps.norm2);
  maps.out = convolve(maps.activated2, parts.conv2);
  add_shortcut(maps.out, x, moments, wanted);
  return maps;
}

// The inputs are x, then weight and bias of bn1 and weight of conv1, then the same for the second half.
constexpr std::size_t block_inputs = 7;

class BasicBlockFunction : public Function<BasicBlockFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor&, const Tensor&, const Tensor& weight1,
                        const Tensor&, const Tensor&, const Tensor& weight2, const BlockParts* parts,
                        std::optional<Moments>* moments, bool wanted) {
    const auto maps = forward_block(x, *parts, *moments, wanted, true);
    ctx->saved_data["stride"] = parts->conv1.options.stride()->at(0);
    ctx->saved_data["training1"] = parts->bn1.is_training();
    ctx->saved_data["training2"] = parts->bn2.is_training();
    ctx->save_for_backward({x, maps.middle, maps.norm1, maps.norm2, weight1, weight2,
                            weight1.requires_grad() ? maps.activated1 : Tensor(),
                            weight2.requires_grad() ? maps.activated2 : Tensor()});
    return maps.out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    const auto& [x, middle, norm1, norm2, weight1, weight2] =
        std::tie(saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]);
    const Tensor dy = gradients[0].contiguous(channels_last);
    std::array<bool, block_inputs> needs{};
    for (std::size_t i = 0; i < block_inputs; ++i) needs[i] = ctx->needs_input_grad(i);
    const bool bn1_needs = needs[1] || needs[2];
    const bool bn2_needs = needs[4] || needs[5];
    const bool below1 = needs[0] || bn1_needs;
    const bool below2 = below1 || needs[3] || bn2_needs;
    variable_list result(block_inputs + 3);

    auto [d_middle, d_weight2] = convolution_gradients(dy, needs[6] ? saved[7] : middle, weight2, 1, below2, needs[6]);
    result[6] = d_weight2;
    if (!below2) return result;
    const auto bn2 = batchnorm_relu_backward(middle, BatchNormValues(norm2), ctx->saved_data["training2"].toBool(), d_middle,
                                             {}, below1 || needs[3], bn2_needs);
    result[4] = bn2.weight;
    result[5] = bn2.bias;
    if (!below1 && !needs[3]) return result;

    auto [dx, d_weight1] =
        convolution_gradients(d_middle, needs[3] ? saved[6] : x, weight1, ctx->saved_data["stride"].toInt(), below1, needs[3]);
    d_middle = Tensor();
    result[3] = d_weight1;
    if (!below1) return result;
    const bool same_shape = x.sizes() == dy.sizes();
    const auto bn1 = batchnorm_relu_backward(x, BatchNormValues(norm1), ctx->saved_data["training1"].toBool(), dx,
                                             same_shape ? dy : Tensor(), needs[0], bn1_needs);
    result[1] = bn1.weight;
    result[2] = bn1.bias;
    if (!needs[0]) return result;
    if (!same_shape) add_shortcut_gradient(dx, dy);
    result[0] = dx;
    return result;
  }
};

class BatchNormReluFunction : public Function<BatchNormReluFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor&, const Tensor&, nn::BatchNorm2dImpl* bn,
                        const Moments* known) {
    RECORD_FUNCTION("tbft::batch_norm_relu", std::vector<c10::IValue>{});
    const auto by = batchnorm_values(x, *bn, known);
    Tensor out = at::empty_like(x);
    normalise_relu(x, by, out);
    ctx->saved_data["training"] = bn->is_training();
    ctx->save_for_backward({x, by.values});
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    // A copy, because the gradient of the output must not be overwritten.
    Tensor gradient = gradients[0].contiguous(channels_last).clone();
    const bool for_x = ctx->needs_input_grad(0);
    const auto bn = batchnorm_relu_backward(saved[0], BatchNormValues(saved[1]), ctx->saved_data["training"].toBool(), gradient,
                                            {}, for_x, ctx->needs_input_grad(1) || ctx->needs_input_grad(2));
    return {for_x ? gradient : Tensor(), bn.weight, bn.bias, Tensor(), Tensor()};
  }
};

}  // namespace

std::pair<Tensor, Tensor> convolution_gradients(const Tensor& gradient, const Tensor& input, const Tensor& weight,
                                                std::int64_t stride, bool for_input, bool for_weight) {
  RECORD_FUNCTION("tbft::convolution_backward", std::vector<c10::IValue>{});
  const std::array<bool, 3> wanted{for_input, for_weight, false};
  const std::array<std::int64_t, 2> strides{stride, stride}, ones{1, 1};
  // at::convolution_backward uses a matrix product instead of oneDNN if one image has few values (as in convolve()), which
  // makes a step of one 32 px image eight times slower. libtorch registers its oneDNN function for all processors.
  const at::AutoDispatchBelowADInplaceOrView below_autograd;  // the function expects this state
  const auto onednn = decltype(at::native::mkldnn_convolution_backward_stub)::DEFAULT;
  auto [x, w, b] = uses_onednn() ? onednn(input, gradient, weight, ones, strides, ones, 1, wanted)
                                 : at::convolution_backward(gradient, input, weight, at::OptionalIntArrayRef(), strides, ones,
                                                            ones, false, {0, 0}, 1, wanted);
  return {for_input ? x.contiguous(channels_last) : Tensor(), for_weight ? w : Tensor()};
}

bool fusable(const Tensor& x) {
  return x.dim() == 4 && x.scalar_type() == at::kFloat && x.device().is_cpu() && x.size(1) % kernels::channel_step == 0 &&
         x.numel() > 0 && x.is_contiguous(channels_last);
}

Tensor batchnorm_relu(const Tensor& x, nn::BatchNorm2dImpl& bn, const Moments* known) {
  if (needs_gradient({&x, &bn.weight, &bn.bias})) return BatchNormReluFunction::apply(x, bn.weight, bn.bias, &bn, known);
  RECORD_FUNCTION("tbft::batch_norm_relu", std::vector<c10::IValue>{});
  Tensor out = at::empty_like(x);
  normalise_relu(x, batchnorm_values(x, bn, known), out);
  return out;
}

Tensor basic_block(const Tensor& x, const BlockParts& parts, std::optional<Moments>& moments, bool wanted) {
  const auto& [bn1, conv1, bn2, conv2] = parts;
  if (needs_gradient({&x, &bn1.weight, &bn1.bias, &conv1.weight, &bn2.weight, &bn2.bias, &conv2.weight}))
    return BasicBlockFunction::apply(x, bn1.weight, bn1.bias, conv1.weight, bn2.weight, bn2.bias, conv2.weight, &parts,
                                     &moments, wanted);
  // No gradient is needed, so autograd is skipped.
  const torch::NoGradGuard guard;
  if (uses_onednn() && x.size(2) == x.size(3)) return basic_block_in_parts(x, parts, moments, wanted);
  return forward_block(x, parts, moments, wanted, false).out;
}

}  // namespace tbft::models
