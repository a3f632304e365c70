// The basic block, and BatchNorm with the ReLU behind it, in as few passes over memory as batch statistics allow, each with a
// gradient of its own. For channels_last float32 maps; numbers are those of torch's own operations within float rounding.
// Includes torch: for the network alone.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tbft::models {

// Whether the functions below take this map: float32 on the CPU, channels_last, channels in multiples of 16.
bool fusable(const torch::Tensor& x);

// Mean and variance (biased) of each channel, in float32.
struct Moments {
  std::vector<float> mean, variance;
};

// relu(bn(x)); in training mode the running statistics move as torch moves them. `known`: the moments of x, where they were
// computed before.
torch::Tensor batchnorm_relu(const torch::Tensor& x, torch::nn::BatchNorm2dImpl& bn, const Moments* known = nullptr);

// Of a 3x3 convolution with padding 1 over channels_last maps: the gradients of its input and of its weight, where asked for,
// else undefined. `gradient` is that of its output. The values of `input` matter to the weight's only, those of `weight` to the
// input's.
std::pair<torch::Tensor, torch::Tensor> convolution_gradients(const torch::Tensor& gradient, const torch::Tensor& input,
                                                              const torch::Tensor& weight, std::int64_t stride, bool for_input,
                                                              bool for_weight);

struct BlockParts {
  torch::nn::BatchNorm2dImpl& bn1;
  torch::nn::Conv2dImpl& conv1;
  torch::nn::BatchNorm2dImpl& bn2;
  torch::nn::Conv2dImpl& conv2;
};

// conv2(relu(bn2(conv1(relu(bn1(x)))))) + shortcut, which is x; where conv1 has a stride or more channels, x average-pooled,
// with channels of zeros. `moments`: in, those of x if known; out, those of the result if `wanted`.
// Where a gradient is needed, what is kept for it is x, conv1's output and, for trained convolutions, their inputs.
torch::Tensor basic_block(const torch::Tensor& x, const BlockParts& parts, std::optional<Moments>& moments, bool wanted);

}  // namespace tbft::models
