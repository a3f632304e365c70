// Cost model: multiply-accumulates and saved activations of a training step, from the shape alone.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "models/blocks.h"
#include "models/spec.h"

namespace tbft::models {

// What of the network is trained. `everything` also trains the final bn, which belongs to no block; `batchnorm` is the weights
// and biases of every BatchNorm, whatever its block.
struct Tuned {
  std::set<Block> blocks{};
  bool everything = false;
  bool batchnorm = false;
  bool nothing() const { return blocks.empty() && !everything && !batchnorm; }
};
// Whether a parameter, named as in the checkpoints, is trained.
bool trains(const Tuned& tuned, std::string_view parameter);

// MACs of one sample's forward pass, by block (convolutions and fc; as the paper's table counts them).
std::int64_t forward_macs(const ResNetSpec& spec, Block block);
std::int64_t forward_macs(const ResNetSpec& spec);
// One sample's training step: forward + input gradients (none below the first trained layer) + weight gradients of what is
// trained.
std::int64_t training_macs(const ResNetSpec& spec, const Tuned& tuned);
// 1 - training_macs / training_macs(full), in percent. 32 px, 10 classes: 21.6, 34.1, 45.0, 66.6 for block1..fc.
double saving_pct(const ResNetSpec& spec, const Tuned& tuned);

std::int64_t parameter_count(const ResNetSpec& spec);
std::int64_t parameter_count(const ResNetSpec& spec, const Tuned& tuned);

// Bytes of activations that the backward pass of one sample needs kept, float32: from the frontmost trained block on the input
// of every BatchNorm, the input of every convolution that is trained (the gradient of a ReLU is found again from BatchNorm's
// input), the final ReLU's output, and the input of fc where it is trained. Of fused blocks (models/fused.h); stock operations,
// which layout = contiguous uses, also keep what convolutions of frozen blocks take. Without BatchNorm's saved statistics,
// which do not grow with the batch. 32 px, everything: layer1 1.06, layer2 0.59, layer3 0.30, tail 0.03 MB.
std::int64_t saved_activation_bytes(const ResNetSpec& spec, const Tuned& tuned);

}  // namespace tbft::models
