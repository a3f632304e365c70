// The paper's networks as libtorch modules (resnet_cifar_preact.cpp describes them).

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/utils.h>

#include <cmath>
#include <optional>
#include <utility>

#include "models/families/modules.h"
#include "models/fused.h"

namespace tbft::models {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

// bn1, ReLU, conv1, bn2, ReLU, conv2, plus the input. If the shape changes, the input is average-pooled and padded with
// channels of zeros. The ReLUs work in place: BatchNorm keeps its input for the backward pass, never its output.
class BasicBlockImpl : public nn::Module {
 public:
  BasicBlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride)
      : stride_(stride),
        grow_(out - in),
        bn1(register_module("bn1", nn::BatchNorm2d(in))),
        conv1(register_module("conv1", conv3x3(in, out, stride))),
        bn2(register_module("bn2", nn::BatchNorm2d(out))),
        conv2(register_module("conv2", conv3x3(out, out, 1))) {}

  // `moments`: on entry those of x if known; on return those of the result if `wanted` and the passes are fused.
  torch::Tensor forward(torch::Tensor x, std::optional<Moments>& moments, bool wanted) {
    if (fusable(x) && (conv2->weight.size(0) % x.size(1)) == 0)
      return basic_block(x, {*bn1, *conv1, *bn2, *conv2}, moments, wanted);
    moments.reset();
    const torch::Tensor y = conv2(bn2(conv1(bn1(x).relu_())).relu_());
    if (stride_ != 1) x = torch::avg_pool2d(x, stride_);
    // A pad keeps channels_last; a concatenation with zeros would make the result contiguous.
    if (grow_ != 0) x = torch::constant_pad_nd(x, {0, 0, 0, 0, 0, grow_});
    return x + y;
  }
  bool uses_batch_statistics() const { return bn1->is_training(); }

 private:
  std::int64_t stride_, grow_;
  nn::BatchNorm2d bn1;
  nn::Conv2d conv1;
  nn::BatchNorm2d bn2;
  nn::Conv2d conv2;
};
TORCH_MODULE(BasicBlock);

// The residual blocks of a stage, with the shapes of their two convolutions from the description.
nn::ModuleList make_layer(const Architecture& network, int stage) {
  nn::ModuleList blocks;
  for (const Layer& layer : network.layers)
    if (layer.stage == stage && layer.name.ends_with(".conv1"))
      blocks->push_back(BasicBlock(layer.convolution.in, layer.convolution.out, layer.convolution.stride));
  return blocks;
}

torch::Tensor forward_layer(nn::ModuleList& layer, torch::Tensor x) {
  std::optional<Moments> moments;
  for (std::size_t i = 0; i < layer->size(); ++i) {
    // The next block's first BatchNorm needs the moments of this block's sum; computing them with the sum costs least.
    const bool wanted = i + 1 < layer->size() && layer->at<BasicBlockImpl>(i + 1).uses_batch_statistics();
    x = layer->at<BasicBlockImpl>(i).forward(x, moments, wanted);
  }
  return x;
}

torch::Tensor activate(const torch::Tensor& x, nn::BatchNorm2d& bn) {
  return fusable(x) ? batchnorm_relu(x, *bn) : bn(x).relu_();
}

class ResNet final : public Network {
 public:
  explicit ResNet(Architecture architecture) : Network(std::move(architecture)) {
    const Architecture& network = this->architecture();
    // Construction and initialisation are in the published order, so that a torch seed gives the same weights as in Python.
    // Convolutions' weights are N(0, sqrt(2 / (k * k * out))).
    conv1 = register_module("conv1", conv3x3(3, network.layers.front().convolution.out, 1));
    layer1 = register_module("layer1", make_layer(network, 0));
    layer2 = register_module("layer2", make_layer(network, 1));
    layer3 = register_module("layer3", make_layer(network, 2));
    const Convolution& last = network.layers[network.layers.size() - 3].convolution;
    bn = register_module("bn", nn::BatchNorm2d(last.out));
    fc = register_module("fc", nn::Linear(network.classifier().input_values, network.spec.classes));
    for (const auto& module : modules(/*include_self=*/false))
      if (auto* conv = module->as<nn::Conv2d>())
        nn::init::normal_(conv->weight, 0.0, std::sqrt(2.0 / static_cast<double>(9 * conv->weight.size(0))));
  }

 private:
  torch::Tensor run_stage(int stage, const torch::Tensor& x) override {
    switch (stage) {
      case 0:
        return forward_layer(layer1, conv1(x));
      case 1:
        return forward_layer(layer2, x);
      case 2:
        return forward_layer(layer3, x);
      case 3:
        return torch::avg_pool2d(activate(x, bn), 8).flatten(1);
      default:
        return fc(x);
    }
  }

  nn::Conv2d conv1{nullptr};
  nn::ModuleList layer1{nullptr}, layer2{nullptr}, layer3{nullptr};
  nn::BatchNorm2d bn{nullptr};
  nn::Linear fc{nullptr};
};

}  // namespace

NetworkPtr family::resnet_cifar_preact_module(Architecture architecture) {
  return std::make_shared<ResNet>(std::move(architecture));
}

}  // namespace tbft::models
