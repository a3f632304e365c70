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

// Calls visit(layer, trains, reached) for each layer in the order of the forward pass. trains: its weights are trained.
// reached: a layer before it is trained, so that the gradient runs through it to its input.
using LayerVisit = std::function<void(const Layer& layer, bool trains, bool reached)>;
void visit_layers(const Architecture& network, const Trained& trained, const LayerVisit& visit);

// Multiply-accumulates of one image's training step (convolutions, linear layers and attention), counted as in the paper's
// table.
struct StepMacs {
  std::int64_t forward = 0;
  std::int64_t input_gradient = 0;   // 0 up to and including the first trained layer
  std::int64_t weight_gradient = 0;  // of trained layers
  std::int64_t total() const { return forward + input_gradient + weight_gradient; }
};
StepMacs step_macs(const Architecture& network, const Trained& trained);

// Multiply-accumulates of one image's forward pass: of the whole network, of one block, and of the stages before the given one.
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

// Bytes of float32 activations that are kept for the backward pass of one image: from the first trained layer on, the input of
// every normalisation layer (from which the gradient of the ReLU after it is recomputed), and the input of every other trained
// layer. This holds for fused blocks (models/fused.h). torch's operations, which the other families and layout = contiguous
// use, also keep the inputs of convolutions in frozen blocks; these are counted for the other families only. BatchNorm's saved
// statistics are excluded, because they do not grow with the batch. The paper's network at 32 px, everything: blocks 1.06,
// 0.59, 0.30, tail 0.03 MB.
std::int64_t saved_activation_bytes(const Architecture& network, const Tuned& tuned);

}  // namespace tbft::models
