// Passes that need no gradient: validation, test, and the frozen stages before the tuned ones. They keep nothing, so a
// BatchNorm in eval mode becomes part of the convolution before it, and a residual block runs on a part of the batch at a time,
// whose maps then stay in the processor's caches. For channels_last maps by oneDNN. Includes torch, so only networks should
// include this file.
#pragma once

#include <initializer_list>

#include "models/convolver.h"
#include "models/fused.h"

namespace tbft::models {

// Whether autograd is on and a tensor requires a gradient.
bool needs_gradient(std::initializer_list<const torch::Tensor*> tensors);
// Whether libtorch has oneDNN and uses it.
bool uses_onednn();

// basic_block() of fused.h, without a gradient. x must be square. Beside x and the result it needs the memory of two parts. (If
// bn2 uses batch statistics, its whole input is needed; this is stored in the memory of the result.)
torch::Tensor basic_block_in_parts(const torch::Tensor& x, const BlockParts& parts, std::optional<Moments>& moments,
                                   bool wanted);

// Whether folded() supports this pass: no gradient, statistics of the base model, a square channels_last float32 map, oneDNN.
bool foldable(const torch::Tensor& x, const torch::nn::Conv2dImpl& conv, const torch::nn::BatchNorm2dImpl& bn);
// bn(conv(x)), plus `onto` if that is defined, then ReLU if `relu`. Overwrites `onto`, which has the shape of the result.
// `shape` is the convolution's; its side is not used.
torch::Tensor folded(const torch::Tensor& x, const torch::nn::Conv2dImpl& conv, torch::nn::BatchNorm2dImpl& bn,
                     const Convolution& shape, bool relu, torch::Tensor onto = {});

}  // namespace tbft::models
