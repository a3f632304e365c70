// What a network is made of: tensors, layers, stages and blocks. Without torch: models/network.h runs it, models/cost.h counts
// what it costs, and its family (models/families/family.h) writes it down.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::models {

// What one asks a family for. Which values are possible is the family's matter.
struct NetworkSpec {
  int depth = 26;
  int width = 1;
  int classes = 10;
  int pixels = 32;  // side of the square input
  std::string family = "resnet-cifar-preact";
  bool operator==(const NetworkSpec&) const = default;
};

// Of a colour channel in [0, 1]: the network takes (value - mean) / deviation.
struct Normalisation {
  std::array<float, 3> mean{}, deviation{};
};

// One tensor of the state dict.
struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  int stage = 0;
  bool is_parameter = true;  // what an optimiser may train; else a buffer
  bool is_counter = false;   // BatchNorm's num_batches_tracked (int64)
  bool normalises = false;   // belongs to a normalisation layer
};

struct Convolution {
  std::int64_t in = 0, out = 0, kernel = 0, stride = 1, side = 0;  // side: of the square map that it takes
  auto operator<=>(const Convolution&) const = default;
};

// A module with weights, NAME.weight among the tensors.
struct Layer {
  enum class Kind { convolution, normalisation, linear };
  std::string name;  // "layer2.0.conv1"
  Kind kind = Kind::convolution;
  int stage = 0;
  std::int64_t macs = 0;                // multiply-accumulates of one image's forward pass; normalisation counts as none
  std::int64_t input_values = 0;        // of one image
  std::int64_t kept_output_values = 0;  // of one image: what the backward pass needs of its output, where a gradient passes
  bool on_trunk = false;                // takes what the shortcuts carry on, not what is inside a residual branch
  Convolution convolution{};            // where it is one
};

// A function of the previous stage's output. Training begins, and the backward pass ends, at the border of one.
struct Stage {
  std::string block;               // that it is part of; empty: of none, its parameters train with everything alone
  std::int64_t output_values = 0;  // of one image
};

// What is trained. `everything` also trains what belongs to no block; `batchnorm` is the weights and biases of every
// normalisation layer, whatever its block.
struct Tuned {
  std::vector<std::string> blocks{};  // front to rear
  bool everything = false;
  bool batchnorm = false;
  bool nothing() const { return blocks.empty() && !everything && !batchnorm; }
};

struct Architecture {
  NetworkSpec spec;
  std::string title;  // for people: "ResNet-26"
  Normalisation normalisation;
  std::vector<Stage> stages;        // front to rear
  std::vector<TensorInfo> tensors;  // in the order of torch's state dict
  std::vector<Layer> layers;        // in the order of the forward pass; the last one is the classifier

  // Names of the blocks, front to rear: block1 to blockN, then the classifier's, fc.
  std::vector<std::string> blocks() const;
  // The block of a parameter or module such as "layer2.0.conv1.weight"; empty: of none. Throws std::out_of_range for a name
  // that is none of the network's.
  const std::string& block_of(std::string_view name) const;
  // Whether a parameter or module is a normalisation layer's. Throws as block_of().
  bool normalises(std::string_view name) const { return tensor_of(name).normalises; }
  // Whether a parameter is trained. Throws as block_of().
  bool trains(const Tuned& tuned, std::string_view parameter) const;
  // The first stage with a trained parameter; 0 where nothing is trained.
  int first_trained_stage(const Tuned& tuned) const;
  const Layer& classifier() const { return layers.back(); }

 private:
  const TensorInfo& tensor_of(std::string_view name) const;
};

}  // namespace tbft::models
