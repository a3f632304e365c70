// Batches as tensors. Includes torch: for the files that run the network.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "harness/data/dataset.h"

namespace tbft {

struct Batch {
  at::Tensor x;  // [N, 3, H, W] float32, (value / 255 - 0.5) / 0.5
  at::Tensor y;  // [N] int64
};

// Images of the given indices in the given memory layout (channels_last | contiguous), normalised as the paper does.
Batch make_batch(const data::Images& images, std::span<const std::int64_t> indices, const std::string& layout);

}  // namespace tbft
