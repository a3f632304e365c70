// Vision transformers as libtorch modules (vit.cpp describes them).

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>
#include <torch/utils.h>

#include <cmath>
#include <utility>
#include <vector>

#include "models/families/modules.h"
#include "models/linear.h"

namespace tbft::models {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t head_channels = 64;

nn::LayerNorm make_norm(std::int64_t channels) {
  return nn::LayerNorm(nn::LayerNormOptions({channels}).eps(1e-6));
}

class AttentionImpl : public nn::Module {
 public:
  explicit AttentionImpl(std::int64_t channels)
      : qkv(register_module("qkv", nn::Linear(channels, 3 * channels))),
        proj(register_module("proj", nn::Linear(channels, channels))) {}
  // x: [images, tokens, channels].
  torch::Tensor forward(const torch::Tensor& x) {
    const std::int64_t n = x.size(0);
    const std::int64_t tokens = x.size(1);
    const std::int64_t channels = x.size(2);
    // [q, k or v, images, heads, tokens, channels of a head]
    const torch::Tensor joined =
        linear(x, *qkv).reshape({n, tokens, 3, channels / head_channels, head_channels}).permute({2, 0, 3, 1, 4});
    const auto parts = joined.unbind(0);  // selected one by one, each would have a gradient of the size of all three
    const torch::Tensor q = parts[0] * (1 / std::sqrt(static_cast<double>(head_channels)));
    const torch::Tensor weights = torch::matmul(q, parts[1].transpose(-2, -1)).softmax(-1);
    return linear(torch::matmul(weights, parts[2]).transpose(1, 2).reshape({n, tokens, channels}), *proj);
  }

 private:
  nn::Linear qkv, proj;
};
TORCH_MODULE(Attention);

class PerceptronImpl : public nn::Module {
 public:
  PerceptronImpl(std::int64_t channels, std::int64_t hidden)
      : fc1(register_module("fc1", nn::Linear(channels, hidden))), fc2(register_module("fc2", nn::Linear(hidden, channels))) {}
  torch::Tensor forward(const torch::Tensor& x) { return linear(torch::gelu(linear(x, *fc1)), *fc2); }

 private:
  nn::Linear fc1, fc2;
};
TORCH_MODULE(Perceptron);

class TransformerLayerImpl : public nn::Module {
 public:
  TransformerLayerImpl(std::int64_t channels, std::int64_t hidden)
      : norm1(register_module("norm1", make_norm(channels))),
        attn(register_module("attn", Attention(channels))),
        norm2(register_module("norm2", make_norm(channels))),
        mlp(register_module("mlp", Perceptron(channels, hidden))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = x + attn(norm1(x));
    return y + mlp(norm2(y));
  }

 private:
  nn::LayerNorm norm1;
  Attention attn;
  nn::LayerNorm norm2;
  Perceptron mlp;
};
TORCH_MODULE(TransformerLayer);

class VisionTransformer final : public Network {
 public:
  explicit VisionTransformer(Architecture architecture) : Network(std::move(architecture)) {
    const Architecture& network = this->architecture();
    const Convolution& patches = network.layer("patch_embed.proj").convolution;
    const std::int64_t channels = patches.out;
    const std::int64_t tokens = patches.out_side() * patches.out_side() + 1;
    cls_token = register_parameter("cls_token", torch::zeros({1, 1, channels}));
    pos_embed = register_parameter("pos_embed", torch::zeros({1, tokens, channels}));
    patch_embed = register_module("patch_embed", std::make_shared<nn::Module>());
    proj = patch_embed->register_module("proj", make_convolution(patches));
    blocks = register_module("blocks", nn::ModuleList());
    for (const Layer& layer : network.layers) {
      if (!layer.name.ends_with(".mlp.fc2")) continue;
      blocks->push_back(TransformerLayer(channels, layer.input_values / tokens));
      stage_of_.push_back(layer.stage);
    }
    norm = register_module("norm", make_norm(channels));
    head = register_module("head", nn::Linear(channels, network.spec.classes));
    initialise();
  }

 private:
  // As timm does it: a truncated normal distribution of deviation 0.02, whose cut at +-2 is a hundred deviations away.
  void initialise() {
    const torch::NoGradGuard guard;
    pos_embed.normal_(0, 0.02);
    cls_token.normal_(0, 1e-6);
    for (const auto& module : modules(/*include_self=*/false)) {
      if (auto* linear = module->as<nn::Linear>()) {
        linear->weight.normal_(0, 0.02);
        linear->bias.zero_();
      }
    }
  }
  // The patches as tokens behind the class token, with their positions.
  torch::Tensor embed(const torch::Tensor& images) {
    const torch::Tensor patches = proj(images).flatten(2).transpose(1, 2);
    return torch::cat({cls_token.expand({images.size(0), -1, -1}), patches}, 1) + pos_embed;
  }
  torch::Tensor run_stage(int stage, const torch::Tensor& x) override {
    if (stage == 3) return norm(x.select(1, 0).contiguous());  // a copy, so that the other tokens are not kept
    if (stage == 4) return head(x);
    torch::Tensor y = stage == 0 ? embed(x) : x;
    for (std::size_t i = 0; i < stage_of_.size(); ++i)
      if (stage_of_[i] == stage) y = blocks->at<TransformerLayerImpl>(i).forward(y);
    return y;
  }

  torch::Tensor cls_token, pos_embed;
  std::shared_ptr<nn::Module> patch_embed;
  nn::Conv2d proj{nullptr};
  nn::ModuleList blocks{nullptr};
  std::vector<int> stage_of_;  // of each transformer layer
  nn::LayerNorm norm{nullptr};
  nn::Linear head{nullptr};
};

}  // namespace

NetworkPtr family::vit_module(Architecture architecture) {
  return std::make_shared<VisionTransformer>(std::move(architecture));
}

}  // namespace tbft::models
