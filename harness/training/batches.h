// Batches as tensors. Includes torch: for the files that run the network.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/data/dataset.h"
#include "models/architecture.h"

namespace tbft {

struct Batch {
  at::Tensor x;  // [N, 3, H, W] float32, normalised
  at::Tensor y;  // [N] int64
};

// A random crop from a frame of zero pixels around the image, and a mirror: the paper's training augmentation.
struct Shift {
  int dx = 0, dy = 0;  // the crop's corner relative to the image's
  bool mirror = false;
};

// One for each of n images: a corner within 4 pixels of the image's, mirrored or not.
std::vector<Shift> draw_shifts(std::int64_t n, const at::Generator& random);

// Images of the given indices as a network takes them (Architecture::normalisation), in the given memory layout (channels_last
// | contiguous); with an augmentation, one entry an image.
Batch make_batch(const data::Images& images, std::span<const std::int64_t> indices, const models::Normalisation& normalisation,
                 const std::string& layout, std::span<const Shift> augmentation = {});

// [N] int64, the labels of the given indices.
at::Tensor make_labels(const data::Images& images, std::span<const std::int64_t> indices);

}  // namespace tbft
