// The interface of a network for training, adaptation, step cost and evaluation. Includes torch, so include it in few files.
#pragma once

// Must come first, because clang (and so clang-tidy) instantiates vectors of IValue in torch's headers before its definition.
#include <ATen/core/ivalue.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"
#include "models/network_file.h"

namespace tbft::models {

// Input [N, 3, pixels, pixels] float, output [N, classes] logits. Parameters have the names of the family's checkpoints.
class Network : public torch::nn::Module {
 public:
  const Architecture& architecture() const { return architecture_; }

  // Throws std::invalid_argument if the input has another shape.
  torch::Tensor forward(torch::Tensor x);
  // Runs the network from a stage on, given the output of the previous stage. Stages are numbered as in Architecture::stages.
  torch::Tensor forward_from(int stage, torch::Tensor x);
  // Runs one stage. Throws std::invalid_argument for a stage that the network does not have.
  torch::Tensor forward_stage(int stage, const torch::Tensor& x);

 protected:
  explicit Network(Architecture architecture) : architecture_(std::move(architecture)) {}
  // `stage` is one of the network's, and the input of the first one has the right shape.
  virtual torch::Tensor run_stage(int stage, const torch::Tensor& x) = 0;

 private:
  Architecture architecture_;
};
using NetworkPtr = std::shared_ptr<Network>;

// Makes a network with random weights from torch's current generator, drawn as in the family's published code. Throws as
// describe().
NetworkPtr make_network(const NetworkSpec& spec);

// A network with the weights of its file.
struct OpenedNetwork {
  NetworkPtr network;
  std::vector<std::string> class_names;  // of the outputs in order; empty if the file has none
  std::string note;                      // a remark for the user on how the file was read; may be empty
};
// Opens a checkpoint of a family, which its names and shapes identify, or a TorchScript file. Throws CheckpointError.
OpenedNetwork open_network(const NetworkFile& file);
NetworkPtr load_network(const std::filesystem::path& checkpoint);

// Loads every tensor by name and shape. Throws CheckpointError, which names the tensor, for a missing, extra or wrong one.
// Counters that the state lacks are unchanged.
void load(Network& network, const StateDict& state);
StateDict state_of(const Network& network);

// Convert a float32 or int64 tensor to bytes, and back into a tensor of the same shape; the latter throws CheckpointError.
NamedTensor to_bytes(std::string name, const torch::Tensor& tensor);
void from_bytes(const NamedTensor& from, torch::Tensor& to);

}  // namespace tbft::models
