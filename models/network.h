// A network that runs: what training, adaptation, step cost and evaluation know of it. Includes torch: keep it to few files.
#pragma once

// First: clang (and so clang-tidy) instantiates vectors of IValue in torch's headers before they define it.
#include <ATen/core/ivalue.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <string>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {

// Input [N, 3, pixels, pixels] float, output [N, classes] logits. Names of parameters are those of the family's checkpoints.
class Network : public torch::nn::Module {
 public:
  const Architecture& architecture() const { return architecture_; }

  // Throws std::invalid_argument where the input has another shape.
  torch::Tensor forward(torch::Tensor x);
  // The network from a stage on, of the output of those before it. Stages are numbered as Architecture::stages.
  torch::Tensor forward_from(int stage, torch::Tensor x);
  // One stage. Throws std::invalid_argument for a stage that the network does not have.
  torch::Tensor forward_stage(int stage, const torch::Tensor& x);

 protected:
  explicit Network(Architecture architecture) : architecture_(std::move(architecture)) {}
  // `stage` is one of the network's, and the input of the first one has the right shape.
  virtual torch::Tensor run_stage(int stage, const torch::Tensor& x) = 0;

 private:
  Architecture architecture_;
};
using NetworkPtr = std::shared_ptr<Network>;

// With weights from torch's current generator, as the family's published code draws them. Throws as describe().
NetworkPtr make_network(const NetworkSpec& spec);
// The network that the checkpoint's names and shapes say, filled. Throws CheckpointError.
NetworkPtr load_network(const std::filesystem::path& checkpoint);
NetworkPtr load_network(const Checkpoint& checkpoint);

// Every tensor by name and shape; a missing, extra or odd one throws CheckpointError that names it. Counters that the state
// does not have stay as they are.
void load(Network& network, const StateDict& state);
StateDict state_of(const Network& network);

// Any float32 or int64 tensor as bytes, and back into a tensor of the same shape; the latter throws CheckpointError.
NamedTensor to_bytes(std::string name, const torch::Tensor& tensor);
void from_bytes(const NamedTensor& from, torch::Tensor& to);

}  // namespace tbft::models
