// The networks of residual.h as libtorch modules.

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "models/families/modules.h"
#include "models/forward_only.h"

namespace tbft::models::residual {
namespace {

namespace nn = torch::nn;

// How the published code draws the weights of convolutions: normal, with a variance of 2 / fan.
enum class Initialisation {
  fan_in,   // the classifier's too
  fan_out,  // the classifier keeps torch's default
};

bool is_in(const Layer& layer, const std::string& module) {
  return layer.name.starts_with(module + ".");
}

// The convolutions and BatchNorms of a block, in the order of its description. The last pair belongs to the shortcut if it has
// weights.
class BlockImpl : public nn::Module {
 public:
  BlockImpl(const Architecture& network, const std::string& name) {
    for (const Layer& layer : network.layers) {
      if (!is_in(layer, name)) continue;
      const std::string own = layer.name.substr(name.size() + 1);
      const bool is_convolution = layer.kind == Layer::Kind::convolution;
      if (!own.ends_with(".0") && !own.ends_with(".1")) {
        if (is_convolution) {
          convolutions_.emplace_back(register_module(own, make_convolution(layer.convolution)));
          shapes_.push_back(layer.convolution);
        } else {
          norms_.emplace_back(register_module(own, nn::BatchNorm2d(convolutions_.back()->options.out_channels())));
        }
      } else if (is_convolution) {
        shortcut_ = register_module(own.substr(0, own.size() - 2), nn::Sequential());
        shortcut_shape_ = layer.convolution;
        shortcut_->push_back(make_convolution(layer.convolution));
        shortcut_->push_back(nn::BatchNorm2d(layer.convolution.out));
      }
    }
  }

  // The ReLUs and the sum work in place: BatchNorm keeps its input for the backward pass, never its output.
  torch::Tensor forward(const torch::Tensor& x) {
    if (folds(x)) return forward_folded(x);
    torch::Tensor y = x;
    for (std::size_t i = 0; i < convolutions_.size(); ++i) {
      if (i > 0) y.relu_();
      y = norms_[i](convolutions_[i](y));
    }
    return y.add_(shortcut_ ? shortcut_->forward(x) : resized(x)).relu_();
  }

 private:
  bool folds(const torch::Tensor& x) {
    for (std::size_t i = 0; i < convolutions_.size(); ++i)
      if (!foldable(x, *convolutions_[i], *norms_[i])) return false;
    return !shortcut_ || foldable(x, *shortcut_[0]->as<nn::Conv2d>(), *shortcut_[1]->as<nn::BatchNorm2d>());
  }
  torch::Tensor forward_folded(const torch::Tensor& x) {
    torch::Tensor y = x;
    for (std::size_t i = 0; i + 1 < convolutions_.size(); ++i) y = folded(y, *convolutions_[i], *norms_[i], shapes_[i], true);
    auto sum = shortcut_
                   ? folded(x, *shortcut_[0]->as<nn::Conv2d>(), *shortcut_[1]->as<nn::BatchNorm2d>(), shortcut_shape_, false)
                   : resized(x).clone(torch::MemoryFormat::ChannelsLast);
    return folded(y, *convolutions_.back(), *norms_.back(), shapes_.back(), true, std::move(sum));
  }

  // The shortcut without weights: every second pixel if the map shrinks, channels of zeros in front and behind if there are
  // more.
  torch::Tensor resized(torch::Tensor x) const {
    const std::int64_t grow = shapes_.back().out - x.size(1);
    if (x.size(2) != shapes_.back().out_side()) x = x.slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2);
    if (grow == 0) return x;
    return torch::constant_pad_nd(x, {0, 0, 0, 0, grow / 2, grow - grow / 2});
  }

  std::vector<nn::Conv2d> convolutions_;
  std::vector<nn::BatchNorm2d> norms_;
  std::vector<Convolution> shapes_;  // of the convolutions
  nn::Sequential shortcut_{nullptr};
  Convolution shortcut_shape_;
};
TORCH_MODULE(Block);

class ResidualNetwork final : public Network {
 public:
  ResidualNetwork(Architecture architecture, Initialisation initialisation) : Network(std::move(architecture)) {
    const Architecture& network = this->architecture();
    stem_ = network.layer("conv1").convolution;
    conv1_ = register_module("conv1", make_convolution(stem_));
    bn1_ = register_module("bn1", nn::BatchNorm2d(stem_.out));
    pools_ = stem_.kernel == 7;
    for (std::size_t i = 1; i < network.stages.size(); ++i) layers_.push_back(make_layer("layer" + std::to_string(i)));
    const Layer& last = network.classifier();
    classifier_ = register_module(last.name, nn::Linear(last.input_values, network.spec.classes));
    initialise(initialisation);
  }

 private:
  nn::ModuleList make_layer(const std::string& name) {
    nn::ModuleList blocks;
    for (std::size_t i = 0;; ++i) {
      const std::string block = name + "." + std::to_string(i);
      if (std::ranges::none_of(architecture().layers, [&](const Layer& layer) { return is_in(layer, block); })) break;
      blocks->push_back(Block(architecture(), block));
    }
    return register_module(name, blocks);
  }

  // In the published order, so that a torch seed gives the same weights as in Python.
  void initialise(Initialisation initialisation) {
    const bool by_input = initialisation == Initialisation::fan_in;
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* conv = module->as<nn::Conv2d>())
        nn::init::kaiming_normal_(conv->weight, 0,
                                  by_input ? nn::init::FanModeType(torch::kFanIn) : nn::init::FanModeType(torch::kFanOut),
                                  torch::kReLU);
      if (auto* linear = module->as<nn::Linear>(); linear != nullptr && by_input)
        nn::init::kaiming_normal_(linear->weight, 0, torch::kFanIn, torch::kReLU);
    }
  }

  torch::Tensor run_stage(int stage, const torch::Tensor& input) override {
    const auto at = static_cast<std::size_t>(stage);
    if (at == layers_.size()) return classifier_(input);
    torch::Tensor x = input;
    if (at == 0) {
      x = foldable(x, *conv1_, *bn1_) ? folded(x, *conv1_, *bn1_, stem_, true) : bn1_(conv1_(x)).relu_();
      if (pools_) x = torch::max_pool2d(x, 3, 2, 1);
    }
    for (const auto& block : *layers_[at]) x = block->as<BlockImpl>()->forward(x);
    return at + 1 == layers_.size() ? x.mean({2, 3}) : x;
  }

  Convolution stem_;
  nn::Conv2d conv1_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  bool pools_ = false;
  std::vector<nn::ModuleList> layers_;
  nn::Linear classifier_{nullptr};
};

}  // namespace
}  // namespace tbft::models::residual

namespace tbft::models {

NetworkPtr family::resnet_cifar_module(Architecture architecture) {
  return std::make_shared<residual::ResidualNetwork>(std::move(architecture), residual::Initialisation::fan_in);
}

NetworkPtr family::resnet_module(Architecture architecture) {
  return std::make_shared<residual::ResidualNetwork>(std::move(architecture), residual::Initialisation::fan_out);
}

}  // namespace tbft::models
