// The networks of every family as libtorch modules. Includes torch; only network.cpp and the files NAME_module.cpp should
// include it.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/modules/conv.h>

#include "models/families/list.h"
#include "models/network.h"

namespace tbft::models {

inline torch::nn::Conv2d make_convolution(const Convolution& shape) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
                               .stride(shape.stride)
                               .padding(shape.padding)
                               .groups(shape.groups)
                               .bias(shape.bias));
}

}  // namespace tbft::models

namespace tbft::models::family {

#define TBFT_DECLARE_MODULE(NAME) NetworkPtr NAME##_module(Architecture architecture);
TBFT_FOR_EACH_FAMILY(TBFT_DECLARE_MODULE)
#undef TBFT_DECLARE_MODULE

}  // namespace tbft::models::family
