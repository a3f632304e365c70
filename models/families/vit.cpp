// Vision transformers with timm's names (Dosovitskiy et al. 2021; Touvron et al. 2021 for the small ones): patches as tokens
// beside a class token, then pre-norm layers of attention and a perceptron, classified by the class token.
//
// Stages: 0 the embedding of the patches and the first third of the layers, 1 and 2 the other thirds, 3 the final norm and the
// choice of the class token, 4 the classifier. The final norm belongs to no block.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "models/families/list.h"
#include "models/families/parts.h"

namespace tbft::models {
namespace {

using namespace parts;

constexpr std::string_view family_name = "vit";
constexpr std::int64_t tiny_channels = 192;  // of width 1
constexpr std::int64_t head_channels = 64;
constexpr std::int64_t widening = 4;  // of the perceptrons
constexpr std::string_view patch_prefix = "patch";
constexpr std::array<std::string_view, 4> variants{"patch4", "patch8", "patch16", "patch32"};

// The side of the patches if no variant is given.
std::int64_t usual_patch(std::int64_t pixels) {
  return pixels <= 64 ? 4 : 16;
}

std::int64_t patch_of(const NetworkSpec& spec) {
  if (spec.variant.empty()) return usual_patch(spec.pixels);
  std::string_view variant = spec.variant;
  if (std::ranges::find(variants, variant) == variants.end())
    throw std::invalid_argument(fmt::format("variant {}: it must be one of {}", variant, fmt::join(variants, ", ")));
  variant.remove_prefix(patch_prefix.size());
  std::int64_t side = 0;
  std::from_chars(variant.data(), variant.data() + variant.size(), side);
  return side;
}

void check(const NetworkSpec& spec) {
  if (spec.depth < 3 || spec.depth > 96 || spec.depth % 3 != 0)
    throw std::invalid_argument(fmt::format("depth {}: it must be a multiple of 3 up to 96, such as 12", spec.depth));
  if (!(spec.width >= 1 && spec.width <= 8) || spec.width != std::floor(spec.width))
    throw std::invalid_argument(fmt::format("width {}: it must be an integer from 1 (tiny) to 8; 2 is small", spec.width));
  if (spec.classes < 1) throw std::invalid_argument(fmt::format("{} classes: there must be at least one", spec.classes));
  if (spec.pixels < 32 || spec.pixels > 1024 || spec.pixels % 32 != 0)
    throw std::invalid_argument(fmt::format("{} pixels: it must be a multiple of 32, at most 1024", spec.pixels));
}

std::string title(const NetworkSpec& spec, std::int64_t patch) {
  const std::string size = spec.width == 1   ? "tiny"
                           : spec.width == 2 ? "small"
                           : spec.width == 4 ? "base"
                                             : fmt::format("{} channels", spec.width * tiny_channels);
  return fmt::format("ViT-{}/{}{}", size, patch, spec.depth == 12 ? "" : fmt::format(" of {} layers", spec.depth));
}

// LayerNorm keeps a mean and a deviation of each token beside its input.
void add_norm(Architecture& network, int stage, const std::string& name, std::int64_t channels, std::int64_t tokens) {
  add_layernorm(network, stage, name, channels, tokens, true);
  network.layers.back().kept_output_values = 2 * tokens;
}

void add_transformer_layer(Architecture& network, int stage, const std::string& name, std::int64_t channels,
                           std::int64_t tokens) {
  add_norm(network, stage, name + ".norm1", channels, tokens);
  add_linear(network, stage, name + ".attn.qkv", channels, 3 * channels, tokens);
  const std::int64_t weights = channels / head_channels * tokens * tokens;  // after the softmax
  network.layers.push_back({.name = name + ".attn",
                            .kind = Layer::Kind::attention,
                            .stage = stage,
                            .macs = 2 * channels * tokens * tokens,
                            .input_values = 3 * channels * tokens + weights});
  add_linear(network, stage, name + ".attn.proj", channels, channels, tokens);
  add_norm(network, stage, name + ".norm2", channels, tokens);
  add_linear(network, stage, name + ".mlp.fc1", channels, widening * channels, tokens);
  network.layers.back().kept_output_values = widening * channels * tokens;  // input of the GELU
  add_linear(network, stage, name + ".mlp.fc2", widening * channels, channels, tokens);
}

Architecture describe_network(const NetworkSpec& spec) {
  check(spec);
  const std::int64_t patch = patch_of(spec);
  const std::int64_t side = spec.pixels / patch;
  const std::int64_t tokens = side * side + 1;
  const std::int64_t channels = tiny_channels * static_cast<std::int64_t>(spec.width);
  Architecture network{.spec = spec,
                       .title = title(spec, patch),
                       .normalisation = {{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}},
                       .stages = {{"block1", tokens * channels},
                                  {"block2", tokens * channels},
                                  {"block3", tokens * channels},
                                  {"", channels},
                                  {"fc", spec.classes}},
                       .tensors = {},
                       .layers = {},
                       .passes = Architecture::Passes::linear};
  if (patch == usual_patch(spec.pixels)) network.spec.variant.clear();  // one specification for one network
  add_parameter(network, 0, "cls_token", {1, 1, channels});
  add_parameter(network, 0, "pos_embed", {1, tokens, channels});
  add_convolution(network, 0, "patch_embed.proj",
                  {.in = 3, .out = channels, .kernel = patch, .stride = patch, .side = spec.pixels, .bias = true});
  for (int i = 0; i < spec.depth; ++i)
    add_transformer_layer(network, 3 * i / spec.depth, fmt::format("blocks.{}", i), channels, tokens);
  add_norm(network, 3, "norm", channels, 1);
  add_linear(network, 4, "head", channels, spec.classes);
  return network;
}

NetworkSpec infer(const StateDict& state) {
  const Shape& embedding = shape_of(state, "patch_embed.proj.weight", 4);
  const std::int64_t channels = embedding[0];
  const std::int64_t patch = embedding[2];
  if (channels < tiny_channels || channels % tiny_channels != 0 || channels > 8 * tiny_channels)
    throw CheckpointError(
        fmt::format("patch_embed.proj.weight has {} channels; it must be 192 (tiny), 384 (small), 576, ...", channels));
  const std::string variant = fmt::format("{}{}", patch_prefix, patch);
  if (std::ranges::find(variants, variant) == variants.end())
    throw CheckpointError(fmt::format("patch_embed.proj.weight has patches of {} pixels; 4, 8, 16 and 32 are possible", patch));
  const std::int64_t tokens = shape_of(state, "pos_embed", 3)[1];
  std::int64_t side = 1;
  while (side < 256 && side * side + 1 < tokens) ++side;
  if (side * side + 1 != tokens)
    throw CheckpointError(fmt::format("pos_embed has {} positions; it must be a square number of patches and one", tokens));
  return {.depth = count_blocks(state, "blocks.", ".attn.qkv.weight"),
          .width = static_cast<double>(channels) / tiny_channels,
          .classes = classes_of(state, "head"),
          .pixels = static_cast<int>(side * patch),
          .family = std::string(family_name),
          .variant = patch == usual_patch(side * patch) ? "" : variant};
}

}  // namespace

const Family& family::vit() {
  static const Family family{
      .name = family_name,
      .summary = "vision transformer with timm's names; width 1: tiny (192 channels), 2: small; depth 12",
      .usual = {.depth = 12, .family = std::string(family_name), .variant = {}},
      .variants = {variants.begin(), variants.end()},
      .describe = describe_network,
      .infer = infer};
  return family;
}

}  // namespace tbft::models
