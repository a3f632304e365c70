// Cost model: multiply-accumulates and saved activations of a training step, from a network's description alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "models/architecture.h"

namespace tbft::models {

// Whether a parameter, named as in the checkpoints, is trained.
using Trained = std::function<bool(std::string_view parameter)>;
Trained trained_by(const Architecture& network, const Tuned& tuned);

// Multiply-accumulates of one image's training step (convolutions and linear layers; as the paper's table counts them).
struct StepMacs {
  std::int64_t forward = 0;
  std::int64_t input_gradient = 0;   // none up to and including the first trained layer
  std::int64_t weight_gradient = 0;  // of what is trained
  std::int64_t total() const { return forward + input_gradient + weight_gradient; }
};
StepMacs step_macs(const Architecture& network, const Trained& trained);

// Of one image's forward pass: the whole, one block's, and that of the stages before this one.
std::int64_t forward_macs(const Architecture& network);
std::int64_t forward_macs(const Architecture& network, std::string_view block);
std::int64_t macs_before(const Architecture& network, int stage);
// StepMacs::total().
std::int64_t training_macs(const Architecture& network, const Tuned& tuned);
// 1 - training_macs / training_macs(full), in percent. The paper's network at 32 px, 10 classes: 21.6, 34.1, 45.0, 66.6 for
// block1..fc.
double saving_pct(const Architecture& network, const Tuned& tuned);

std::int64_t parameter_count(const Architecture& network);
std::int64_t parameter_count(const Architecture& network, const Trained& trained);
std::int64_t parameter_count(const Architecture& network, const Tuned& tuned);

// Bytes of activations that the backward pass of one image needs kept, float32: from the frontmost trained layer on the input
// of every normalisation layer (the gradient of a ReLU behind it is found again from there), and the input of every other layer
// that is trained. Of fused blocks (models/fused.h); stock operations, which layout = contiguous uses, also keep what
// convolutions of frozen blocks take. Without BatchNorm's saved statistics, which do not grow with the batch.
// The paper's network at 32 px, everything: blocks 1.06, 0.59, 0.30, tail 0.03 MB.
std::int64_t saved_activation_bytes(const Architecture& network, const Tuned& tuned);

}  // namespace tbft::models
