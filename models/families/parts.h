// What the families share: builders that append a layer and its tensors to a description, and look-ups in a checkpoint. The
// names and shapes are torch's. Does not use torch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models::parts {

using Shape = std::vector<std::int64_t>;

// The name of a network, with its width unless that is 1: "MobileNetV2 x0.5".
std::string titled(std::string name, const NetworkSpec& spec);

// NAME.weight and, with a bias, NAME.bias. `input_of`: an earlier layer that has the same input (Layer::input_of).
void add_convolution(Architecture& network, int stage, const std::string& name, const Convolution& shape,
                     const std::string& input_of = {});
// Weight, bias, running statistics and counter of a BatchNorm over [channels, side, side].
void add_batchnorm(Architecture& network, int stage, const std::string& name, std::int64_t channels, std::int64_t side,
                   bool on_trunk);
// Weight and bias of a LayerNorm over the last dimension of [positions, channels].
void add_layernorm(Architecture& network, int stage, const std::string& name, std::int64_t channels, std::int64_t positions,
                   bool on_trunk);
// Weight and bias of a linear layer, applied at each of the positions.
void add_linear(Architecture& network, int stage, const std::string& name, std::int64_t in, std::int64_t out,
                std::int64_t positions = 1);
// A parameter that is no layer's, such as a position embedding.
void add_parameter(Architecture& network, int stage, const std::string& name, Shape shape);

// nullptr if the checkpoint has no tensor of this name.
const NamedTensor* find(const StateDict& state, std::string_view name);
// The shape of a tensor with so many dimensions. Throws CheckpointError, which names a tensor that is missing or has others.
const Shape& shape_of(const StateDict& state, std::string_view name, std::size_t dims);
inline constexpr int most_blocks = 1000;
// The number, at most most_blocks, of consecutive n from `first` on for which the checkpoint has PREFIX n SUFFIX, e.g.
// "layer1.", ".conv1.weight".
int count_blocks(const StateDict& state, std::string_view prefix, std::string_view suffix, int first = 0);
// The rows of NAME.weight [classes, features] as a number of classes. Throws CheckpointError.
int classes_of(const StateDict& state, std::string_view name);

}  // namespace tbft::models::parts
