// Describes a network: tensors, layers, stages and blocks. Does not use torch. models/network.h runs a network, models/cost.h
// counts its costs, and its family (models/families/family.h) makes the description.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::models {

// The specification of a network. The family decides which values are possible.
struct NetworkSpec {
  int depth = 26;
  int width = 1;
  int classes = 10;
  int pixels = 32;  // side of the square input
  std::string family = "resnet-cifar-preact";
  bool operator==(const NetworkSpec&) const = default;
};

// Mean and deviation of a colour channel in [0, 1]; the input of the network is (value - mean) / deviation.
struct Normalisation {
  std::array<float, 3> mean{}, deviation{};
};

// One tensor of the state dict.
struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  int stage = 0;
  bool is_parameter = true;  // trainable; otherwise a buffer
  bool is_counter = false;   // BatchNorm's num_batches_tracked (int64)
  bool normalises = false;   // belongs to a normalisation layer
};

struct Convolution {
  std::int64_t in = 0, out = 0, kernel = 0, stride = 1, side = 0;  // side: of the square input map
  // clang-tidy 14 takes the 0 of a defaulted <=> for a pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const Convolution&) const = default;
};

// A module with weights; the tensors include NAME.weight.
struct Layer {
  enum class Kind { convolution, normalisation, linear };
  std::string name;  // "layer2.0.conv1"
  Kind kind = Kind::convolution;
  int stage = 0;
  std::int64_t macs = 0;                // multiply-accumulates of one image's forward pass; 0 for normalisation
  std::int64_t input_values = 0;        // of one image
  std::int64_t kept_output_values = 0;  // of one image: outputs that the backward pass needs if a gradient passes
  bool on_trunk = false;                // its input is the sum of branch and shortcut, not a value inside a residual branch
  Convolution convolution{};            // if it is a convolution
};

// A function of the previous stage's output. Training begins, and the backward pass ends, at the border between two stages.
struct Stage {
  std::string block;               // the block of the stage; empty: none, its parameters are trained only with `everything`
  std::int64_t output_values = 0;  // of one image
};

// The trained parameters. `everything` includes those that belong to no block; `batchnorm` are the weights and biases of all
// normalisation layers in any block.
struct Tuned {
  std::vector<std::string> blocks{};  // front to rear
  bool everything = false;
  bool batchnorm = false;
  bool nothing() const { return blocks.empty() && !everything && !batchnorm; }
};

struct Architecture {
  NetworkSpec spec;
  std::string title;  // displayed name, such as "ResNet-26"
  Normalisation normalisation;
  std::vector<Stage> stages;        // front to rear
  std::vector<TensorInfo> tensors;  // in the order of torch's state dict
  std::vector<Layer> layers;        // in the order of the forward pass; the last one is the classifier

  // Names of the blocks, front to rear: block1 to blockN, then the classifier's, fc.
  std::vector<std::string> blocks() const;
  // The block of a parameter or module such as "layer2.0.conv1.weight"; empty: none. Throws std::out_of_range for a name that
  // the network does not have.
  const std::string& block_of(std::string_view name) const;
  // Whether a parameter or module belongs to a normalisation layer. Throws as block_of().
  bool normalises(std::string_view name) const { return tensor_of(name).normalises; }
  // Whether a parameter is trained. Throws as block_of().
  bool trains(const Tuned& tuned, std::string_view parameter) const;
  // The first stage with a trained parameter; 0 if nothing is trained.
  int first_trained_stage(const Tuned& tuned) const;
  const Layer& classifier() const { return layers.back(); }

 private:
  const TensorInfo& tensor_of(std::string_view name) const;
};

}  // namespace tbft::models
