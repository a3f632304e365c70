// Linear layers whose three products (output, gradients of input and weight) are oneDNN's instead of the BLAS library's, where
// that is fast: for networks that consist of them. Includes torch, so only networks should include this file.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/modules/linear.h>

namespace tbft::models {

// layer(x) for x of [..., in]. Equals torch's within float rounding, and keeps x only if the weight requires a gradient. It is
// torch's where a tensor is not float32, the layer has no bias, or oneDNN is off or slow (product.h).
torch::Tensor linear(const torch::Tensor& x, const torch::nn::LinearImpl& layer);

}  // namespace tbft::models
