// MobileNetV2 as a libtorch module (mobilenet_v2.cpp describes it). torchvision's dropout before the classifier is left out: it
// belongs to its recipe of training, and with it two trainings with the same batches would differ.

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "models/families/modules.h"
#include "models/forward_only.h"

namespace tbft::models {
namespace {

namespace nn = torch::nn;

// Convolution "0", BatchNorm "1", ReLU6. The activation does not work in place, because torch would then copy its input for the
// backward pass.
class ActivatedConvolutionImpl : public nn::Module {
 public:
  explicit ActivatedConvolutionImpl(const Convolution& shape)
      : shape_(shape),
        conv(register_module("0", make_convolution(shape))),
        bn(register_module("1", nn::BatchNorm2d(shape.out))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    if (foldable(x, *conv, *bn)) return folded(x, *conv, *bn, shape_, false).clamp_(0, 6);
    return torch::relu6(bn(conv(x)));
  }

 private:
  Convolution shape_;
  nn::Conv2d conv;
  nn::BatchNorm2d bn;
};
TORCH_MODULE(ActivatedConvolution);

// The activated convolutions, then the narrowing one, plus the input if it has the same shape.
class InvertedResidualImpl : public nn::Module {
 public:
  explicit InvertedResidualImpl(const std::vector<Convolution>& shapes)
      : last_(shapes.back()), conv(register_module("conv", nn::ModuleList())) {
    for (std::size_t i = 0; i + 1 < shapes.size(); ++i) {
      activated_.emplace_back(shapes[i]);
      conv->push_back(activated_.back());
    }
    conv->push_back(project_ = make_convolution(last_));
    conv->push_back(bn_ = nn::BatchNorm2d(last_.out));
    adds_input_ = shapes.front().in == last_.out && shapes.front().side == last_.side;
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = x;
    for (ActivatedConvolution& part : activated_) y = part(y);
    if (foldable(y, *project_, *bn_))
      return folded(y, *project_, *bn_, last_, false,
                    adds_input_ ? x.clone(torch::MemoryFormat::ChannelsLast) : torch::Tensor());
    y = bn_(project_(y));
    return adds_input_ ? x + y : y;
  }

 private:
  Convolution last_;
  nn::ModuleList conv;
  std::vector<ActivatedConvolution> activated_;
  nn::Conv2d project_{nullptr};
  nn::BatchNorm2d bn_{nullptr};
  bool adds_input_ = false;
};
TORCH_MODULE(InvertedResidual);

// Each feature's stage and the shapes of its convolutions.
struct Feature {
  int stage = 0;
  std::vector<Convolution> shapes;
};

std::vector<Feature> features_of(const Architecture& network) {
  std::vector<Feature> features;
  for (const Layer& layer : network.layers) {
    if (layer.kind != Layer::Kind::convolution) continue;
    if (layer.name.starts_with(fmt::format("features.{}.", features.size())))
      features.push_back({.stage = layer.stage, .shapes = {}});
    features.back().shapes.push_back(layer.convolution);
  }
  return features;
}

class MobileNet final : public Network {
 public:
  explicit MobileNet(Architecture architecture) : Network(std::move(architecture)) {
    const Architecture& network = this->architecture();
    features = register_module("features", nn::ModuleList());
    for (const Feature& feature : features_of(network)) {
      stage_of_.push_back(feature.stage);
      if (feature.shapes.size() == 1)
        features->push_back(ActivatedConvolution(feature.shapes.front()));
      else
        features->push_back(InvertedResidual(feature.shapes));
    }
    classifier = register_module("classifier", std::make_shared<nn::Module>());
    linear = classifier->register_module("1", nn::Linear(network.classifier().input_values, network.spec.classes));
    initialise();
  }

 private:
  // As torchvision does it and in its order, so that a torch seed gives the same weights as in Python.
  void initialise() {
    const torch::NoGradGuard guard;
    for (const auto& module : modules(/*include_self=*/false))
      if (auto* conv = module->as<nn::Conv2d>()) nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut);
    nn::init::normal_(linear->weight, 0.0, 0.01);
    nn::init::zeros_(linear->bias);
  }
  torch::Tensor run_stage(int stage, const torch::Tensor& x) override {
    const int classifier_stage = this->architecture().classifier().stage;
    if (stage == classifier_stage) return linear(x);
    torch::Tensor y = x;
    for (std::size_t i = 0; i < stage_of_.size(); ++i) {
      if (stage_of_[i] != stage) continue;
      if (auto* residual = features[i]->as<InvertedResidual>())
        y = residual->forward(y);
      else
        y = features[i]->as<ActivatedConvolution>()->forward(y);
    }
    if (stage + 1 < classifier_stage) return y;
    // The same floats as those of mean(), which in libtorch 1.13 keeps its input for the backward pass.
    const auto pixels = static_cast<double>(y.size(2) * y.size(3));
    return y.sum({2, 3}).div_(pixels);
  }

  nn::ModuleList features{nullptr};
  std::vector<int> stage_of_;  // of each feature
  std::shared_ptr<nn::Module> classifier;
  nn::Linear linear{nullptr};
};

}  // namespace

NetworkPtr family::mobilenet_v2_module(Architecture architecture) {
  return std::make_shared<MobileNet>(std::move(architecture));
}

}  // namespace tbft::models
