// The shape of a CIFAR-style pre-activation ResNet, and how a checkpoint's own tensors give it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/state_dict.h"

namespace tbft::models {

struct ResNetSpec {
  int depth = 26;  // 6n + 2
  int width = 1;   // layer1..3 have 16, 32, 64 times this channels; the first convolution always gives 16 (Wide ResNet's rule)
  int classes = 10;
  int pixels = 32;  // side of the square input; the pooled map is (pixels / 32)^2
  bool operator==(const ResNetSpec&) const = default;
  int blocks_per_layer() const { return (depth - 2) / 6; }
  int pooled() const { return pixels / 32; }
  // Channels and side of the map that layer1..layer3 (1..3) give out; layer 0 is the first convolution.
  int channels(int layer) const { return layer == 0 ? 16 : width * (16 << (layer - 1)); }
  int side(int layer) const { return layer < 2 ? pixels : pixels >> (layer - 1); }
};

// Throws std::invalid_argument unless depth is 6n + 2, pixels a multiple of 32, and width and classes positive.
void check(const ResNetSpec& spec);

// A tensor of the network: is_counter marks BatchNorm's num_batches_tracked (int64), is_parameter what an optimiser may train.
struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  bool is_parameter = true;
  bool is_counter = false;
};
// Every tensor of the network's state dict, in torch's order. Throws as check().
std::vector<TensorInfo> tensors_of(const ResNetSpec& spec);

// Depth, width, classes and pixels from names and shapes. Throws CheckpointError that says which tensor is missing or odd.
ResNetSpec infer_spec(const StateDict& state);

// Throws CheckpointError that names the first tensor that is missing (a counter may be: torch before 0.4.1 had none), extra, of
// another shape, not floating point (the counters: not an integer), or holds what no trained network has: a number that is not
// finite, a negative variance.
void check(const ResNetSpec& spec, const StateDict& state);

}  // namespace tbft::models
