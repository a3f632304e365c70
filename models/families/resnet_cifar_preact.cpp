// The paper's networks: pre-activation ResNets of CIFAR's shape (He et al. 2016, "Identity Mappings in Deep Residual
// Networks"), with shortcuts without weights that pool and add channels of zeros.
//
// Stages: 0 conv1 and layer1, 1 layer2, 2 layer3, 3 the final bn and the pooling, 4 fc. The final bn belongs to no block.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "models/families/list.h"
#include "models/families/parts.h"

namespace tbft::models {
namespace {

using namespace parts;

constexpr std::string_view family_name = "resnet-cifar-preact";

// Width multiplies layer1..3, which have 16, 32 and 64 channels; the first convolution always gives 16 (Wide ResNet's rule).
std::int64_t channels(const NetworkSpec& spec, int layer) {
  return layer == 0 ? 16 : static_cast<std::int64_t>(spec.width) * (16 << (layer - 1));
}

// The side of a layer's output map; layer 0 is the first convolution.
std::int64_t side(const NetworkSpec& spec, int layer) {
  return layer < 2 ? spec.pixels : spec.pixels >> (layer - 1);
}

std::int64_t map_values(const NetworkSpec& spec, int layer) {
  return channels(spec, layer) * side(spec, layer) * side(spec, layer);
}

// The side of layer3's pooled map.
std::int64_t pooled_side(const NetworkSpec& spec) {
  return spec.pixels / 32;
}

int blocks_per_layer(const NetworkSpec& spec) {
  return (spec.depth - 2) / 6;
}

void check(const NetworkSpec& spec) {
  if (spec.depth < 8 || spec.depth % 6 != 2)
    throw std::invalid_argument(fmt::format("depth {}: it must be 6n + 2, such as 26", spec.depth));
  if (!(spec.width >= 1 && spec.width <= 1024) || spec.width != std::floor(spec.width))
    throw std::invalid_argument(fmt::format("width {}: it must be an integer from 1 to 1024", spec.width));
  if (!spec.variant.empty()) throw std::invalid_argument(fmt::format("variant {}: {} has none", spec.variant, family_name));
  if (spec.classes < 1) throw std::invalid_argument(fmt::format("{} classes: there must be at least one", spec.classes));
  if (spec.pixels < 32 || spec.pixels > 32768 || spec.pixels % 32 != 0)
    throw std::invalid_argument(fmt::format("{} pixels: it must be a multiple of 32, at most 32768", spec.pixels));
}

void add_layer(Architecture& network, int layer) {
  const NetworkSpec& spec = network.spec;
  const int stage = layer - 1;
  const std::int64_t out = channels(spec, layer);
  for (int i = 0; i < blocks_per_layer(spec); ++i) {
    const int before = i == 0 ? layer - 1 : layer;
    const std::int64_t in = channels(spec, before);
    const std::int64_t in_side = side(spec, before);
    const std::string block = fmt::format("layer{}.{}", layer, i);
    add_batchnorm(network, stage, block + ".bn1", in, in_side, true);
    add_convolution(network, stage, block + ".conv1",
                    {.in = in, .out = out, .kernel = 3, .stride = in_side / side(spec, layer), .side = in_side, .padding = 1});
    add_batchnorm(network, stage, block + ".bn2", out, side(spec, layer), false);
    add_convolution(network, stage, block + ".conv2",
                    {.in = out, .out = out, .kernel = 3, .side = side(spec, layer), .padding = 1});
  }
}

Architecture describe_network(const NetworkSpec& spec) {
  check(spec);
  const std::int64_t features = channels(spec, 3) * pooled_side(spec) * pooled_side(spec);
  Architecture network{.spec = spec,
                       .title = titled(fmt::format("ResNet-{}", spec.depth), spec),
                       .normalisation = {{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}},
                       .stages = {{"block1", map_values(spec, 1)},
                                  {"block2", map_values(spec, 2)},
                                  {"block3", map_values(spec, 3)},
                                  {"", features},
                                  {"fc", spec.classes}},
                       .tensors = {},
                       .layers = {},
                       .passes = Architecture::Passes::fused};
  add_convolution(network, 0, "conv1", {.in = 3, .out = channels(spec, 0), .kernel = 3, .side = spec.pixels, .padding = 1});
  for (int layer = 1; layer <= 3; ++layer) add_layer(network, layer);
  add_batchnorm(network, 3, "bn", channels(spec, 3), side(spec, 3), true);
  network.layers.back().kept_output_values = map_values(spec, 3);  // output of the ReLU after it, for the pooling
  add_linear(network, 4, "fc", features, spec.classes);
  return network;
}

NetworkSpec infer(const StateDict& state) {
  const int blocks = count_blocks(state, "layer1.", ".conv1.weight");
  if (blocks == 0) throw CheckpointError("layer1.0.conv1.weight is missing");

  const std::int64_t last_channels = shape_of(state, "bn.weight", 1)[0];
  const std::int64_t width = last_channels / 64;
  if (width < 1 || width > 1024 || last_channels % 64 != 0)
    throw CheckpointError(fmt::format("bn.weight has {} channels; a width gives 64, 128, ...", last_channels));
  const Shape& fc = shape_of(state, "fc.weight", 2);
  std::int64_t pooled = 1;
  while (pooled < 1024 && last_channels * pooled * pooled < fc[1]) ++pooled;
  if (fc[0] < 1 || fc[0] > std::numeric_limits<int>::max() || last_channels * pooled * pooled != fc[1])
    throw CheckpointError(fmt::format("fc.weight has the shape [{}]; it must be classes x ({} channels x a square map)",
                                      fmt::join(fc, ", "), last_channels));
  return {.depth = 6 * blocks + 2,
          .width = static_cast<double>(width),
          .classes = static_cast<int>(fc[0]),
          .pixels = static_cast<int>(32 * pooled),
          .family = std::string(family_name),
          .variant = {}};
}

}  // namespace

const Family& family::resnet_cifar_preact() {
  static const Family family{.name = family_name,
                             .summary = "pre-activation ResNet for small images, depth 6n + 2, as in the paper",
                             .usual = {},
                             .variants = {},
                             .describe = describe_network,
                             .infer = infer};
  return family;
}

}  // namespace tbft::models
