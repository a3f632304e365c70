// The shape of a CIFAR-style pre-activation ResNet, and how a checkpoint's own tensors give it.
#pragma once

#include <cstdint>

#include "models/state_dict.h"

namespace tbft::models {

struct ResNetSpec {
  int depth = 26;   // 6n + 2
  int width = 1;    // channels are 16, 32, 64 times this
  int classes = 10;
  int pixels = 32;  // side of the square input; the pooled map is (pixels / 32)^2
  bool operator==(const ResNetSpec&) const = default;
  int blocks_per_layer() const { return (depth - 2) / 6; }
};

// Depth, width, classes and pixels from names and shapes. Throws CheckpointError that says which tensor is missing or odd.
ResNetSpec infer_spec(const StateDict& state);

}  // namespace tbft::models
