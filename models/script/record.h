// What the forward pass of one's own network computes, seen while one image runs. Includes torch; only script.cpp should
// include it.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/architecture.h"

namespace tbft::models {

// The layers that stages 0 to `stages` - 1 run, in order, each with its MACs, its input and what its activations keep, as
// models/cost.h counts them. `run` runs one stage on the output of the stage before; the first gets one image. `tensors`: the
// parameters and buffers by name; a layer is named after its weight. A product without a parameter counts as attention. Throws
// std::runtime_error for a BatchNorm whose running statistics are in no module of their own, besides what `run` throws.
std::vector<Layer> record_layers(const std::map<std::string, at::Tensor>& tensors, int stages,
                                 const std::function<void(int stage)>& run);

}  // namespace tbft::models
