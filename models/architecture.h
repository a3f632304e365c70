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
  double width = 1;  // multiplies the channels
  int classes = 10;
  int pixels = 32;  // side of the square input
  std::string family = "resnet-cifar-preact";
  std::string variant;  // one of the family's: stem, shortcuts, names of the tensors; empty if it has only one
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
  std::int64_t padding = 0, groups = 1;
  bool bias = false;
  std::int64_t out_side() const { return (side + 2 * padding - kernel) / stride + 1; }
  // clang-tidy 14 takes the 0 of a defaulted <=> for a pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const Convolution&) const = default;
};

// A step of the forward pass that multiplies or normalises. All but attention have weights, as a rule NAME.weight.
struct Layer {
  // attention: the products of queries and keys, and of their softmax and the values.
  enum class Kind { convolution, batchnorm, layernorm, linear, attention };
  std::string name;  // "layer2.0.conv1"
  Kind kind = Kind::convolution;
  int stage = 0;
  std::int64_t macs = 0;                // multiply-accumulates of one image's forward pass; 0 for normalisation
  std::int64_t input_values = 0;        // of one image; 0 if the layer `input_of` has the same input
  std::int64_t kept_output_values = 0;  // of one image: outputs that the backward pass needs if a gradient passes
  bool on_trunk = false;                // its input is the sum of branch and shortcut, not a value inside a residual branch
  std::string input_of{};               // an earlier layer with the same input, if it is not the previous layer's output
  Convolution convolution{};            // if it is a convolution
  std::string weight{};                 // the name of its weight, if that is not NAME.weight
  bool without_weight = false;          // such as a normalisation that only shifts and scales to mean 0 and deviation 1

  bool normalises() const { return kind == Kind::batchnorm || kind == Kind::layernorm; }
  // The name of its weight in the state dict; empty if it has none.
  std::string weight_name() const;
};

// A function of the previous stage's output. Training begins, and the backward pass ends, at the border between two stages.
struct Stage {
  std::string block;               // the block of the stage; empty: none, its parameters are trained only with `everything`
  std::int64_t output_values = 0;  // of one image
  // It passes its input on: the next stage does its work too, because the two could not be separated (models/script).
  bool merged = false;
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
  // What runs its blocks. Where the layout is not as said, the back end is not oneDNN (which `fused` does not need), or oneDNN
  // has no fast products, torch's operations do.
  enum class Passes {
    torch,
    linear,  // torch; linear layers by oneDNN's products, in any layout (models/linear.h)
    folded,  // torch; without a gradient BatchNorms become part of the convolutions before them, in channels_last
             // (models/forward_only.h)
    fused,   // in channels_last (models/fused.h)
  } passes = Passes::torch;

  // Names of the blocks, front to rear: block1 to blockN, then the classifier's, fc.
  std::vector<std::string> blocks() const;
  // The block of a parameter or module such as "layer2.0.conv1.weight"; empty: none. Throws std::out_of_range for a name that
  // the network does not have.
  const std::string& block_of(std::string_view name) const;
  // Whether a parameter or module belongs to a normalisation layer. Throws as block_of().
  bool normalises(std::string_view name) const { return tensor_of(name).normalises; }
  // Whether a parameter is trained. Throws as block_of().
  bool trains(const Tuned& tuned, std::string_view parameter) const;
  // The first stage with a trained parameter, or the first of the stages that are merged with it; 0 if nothing is trained.
  int first_trained_stage(const Tuned& tuned) const;
  // The blocks of each group of merged stages, such as "block1 and block2".
  std::vector<std::string> shared_stages() const;
  const Layer& classifier() const { return layers.back(); }
  // Whether a layer is a BatchNorm over a map of one pixel: one image then has no deviation by which it could be normalised.
  bool needs_two_images(const Layer& norm) const;
  // Whether it has layers of this kind: without BatchNorm there are no running statistics to adapt or to compare with.
  bool has(Layer::Kind kind) const;
  // The layer of this name. Throws std::out_of_range.
  const Layer& layer(std::string_view name) const;

 private:
  const TensorInfo& tensor_of(std::string_view name) const;
};

}  // namespace tbft::models
