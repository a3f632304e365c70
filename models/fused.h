// The basic block, and BatchNorm with the ReLU behind it, in as few passes over memory as batch statistics allow, each with its
// own gradient. For channels_last float32 maps; results equal those of torch's operations within float rounding. Includes
// torch, so only the network should include this file.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tbft::models {

// Whether the functions below support this map: float32 on the CPU, channels_last, channels in multiples of 16.
bool fusable(const torch::Tensor& x);

// Mean and variance (biased) of each channel, in float32.
struct Moments {
  std::vector<float> mean, variance;
};

// relu(bn(x)); in training mode the running statistics are updated as in torch. `known`: the moments of x if they were computed
// before.
torch::Tensor batchnorm_relu(const torch::Tensor& x, torch::nn::BatchNorm2dImpl& bn, const Moments* known = nullptr);

// The gradients of the input and of the weight of a 3x3 convolution with padding 1 over channels_last maps; undefined if not
// requested. `gradient` is that of the output. Only the weight's gradient needs the values of `input`, and only the input's
// gradient those of `weight`.
std::pair<torch::Tensor, torch::Tensor> convolution_gradients(const torch::Tensor& gradient, const torch::Tensor& input,
                                                              const torch::Tensor& weight, std::int64_t stride, bool for_input,
                                                              bool for_weight);

struct BlockParts {
  torch::nn::BatchNorm2dImpl& bn1;
  torch::nn::Conv2dImpl& conv1;
  torch::nn::BatchNorm2dImpl& bn2;
  torch::nn::Conv2dImpl& conv2;
};

// conv2(relu(bn2(conv1(relu(bn1(x)))))) + shortcut. The shortcut is x; if conv1 has a stride or more channels, it is x
// average-pooled and padded with channels of zeros. `moments`: on entry those of x if known, on return those of the result if
// `wanted`. If a gradient is needed, x, conv1's output and the inputs of trained convolutions are kept.
torch::Tensor basic_block(const torch::Tensor& x, const BlockParts& parts, std::optional<Moments>& moments, bool wanted);

}  // namespace tbft::models
