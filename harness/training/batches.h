// Makes batches of images as tensors. Includes torch: for the files that run the network.
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

// The paper's training augmentation: a random crop from the image framed by zero pixels, and a mirror.
struct Shift {
  int dx = 0, dy = 0;  // the crop's corner relative to the image's, in pixels
  bool mirror = false;
};

// Draws one shift for each of n images: a corner within 4 pixels of the image's, mirrored or not.
std::vector<Shift> draw_shifts(std::int64_t n, const at::Generator& random);

// Makes a batch of the images of the given indices, normalised as the network expects (Architecture::normalisation), in the
// given memory layout (channels_last | contiguous). `augmentation` is empty or has one entry for each image.
Batch make_batch(const data::Images& images, std::span<const std::int64_t> indices, const models::Normalisation& normalisation,
                 const std::string& layout, std::span<const Shift> augmentation = {});

// The labels of the given indices, [N] int64.
at::Tensor make_labels(const data::Images& images, std::span<const std::int64_t> indices);

}  // namespace tbft
