// ResNet-26 of the paper (pre-activation, average-pool shortcuts without weights). Includes torch: keep it to few files.
#pragma once

// First: clang (and so clang-tidy) instantiates vectors of IValue in torch's headers before they define it.
#include <ATen/core/ivalue.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "models/spec.h"

namespace tbft::models {

// Input [N, 3, pixels, pixels] float, output [N, classes] logits. Parameter names are those of the released checkpoints.
class ResNetImpl : public torch::nn::Module {
 public:
  // Conv weights N(0, sqrt(2 / (k*k*out))) from torch's current generator, as the published code does.
  explicit ResNetImpl(const ResNetSpec& spec);
  torch::Tensor forward(torch::Tensor x);

  // The stages in order, each a function of the previous one's output: 0 conv1+layer1, 1 layer2, 2 layer3, 3 bn and pooling, 4
  // fc.
  static constexpr int stages = 5;
  torch::Tensor forward_stage(int stage, const torch::Tensor& x);
  // The network from a stage on, of the output of those before it.
  torch::Tensor forward_from(int stage, torch::Tensor x);

  const ResNetSpec& spec() const { return spec_; }

 private:
  ResNetSpec spec_;
  torch::nn::Conv2d conv1{nullptr};
  torch::nn::ModuleList layer1{nullptr}, layer2{nullptr}, layer3{nullptr};
  torch::nn::BatchNorm2d bn{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ResNet);

// Every tensor by name and shape; a missing, extra or odd one throws CheckpointError that names it. Counters that the state
// does not have stay as they are.
void load(ResNet& model, const StateDict& state);
// Builds the network that the checkpoint's shapes say, and fills it.
ResNet load_resnet(const std::filesystem::path& checkpoint);
ResNet load_resnet(const Checkpoint& checkpoint);
StateDict state_of(const ResNet& model);

// Any float32 or int64 tensor as bytes, and back into a tensor of the same shape; the latter throws CheckpointError.
NamedTensor to_bytes(std::string name, const torch::Tensor& tensor);
void from_bytes(const NamedTensor& from, torch::Tensor& to);

}  // namespace tbft::models
