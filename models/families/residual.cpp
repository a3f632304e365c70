#include "models/families/residual.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "models/families/parts.h"

namespace tbft::models::residual {
namespace {

using namespace parts;

constexpr std::int64_t expansion = 4;  // of a bottleneck

// What a block makes of its input map.
struct Block {
  std::string name;
  int stage = 0;
  std::int64_t in = 0, channels = 0, out = 0, stride = 1, side = 0;  // side: of the input
  std::int64_t out_side() const { return (side - 1) / stride + 1; }
};

void add_pair(Architecture& network, const Block& block, const std::string& number, const Convolution& shape, bool last) {
  add_convolution(network, block.stage, fmt::format("{}.conv{}", block.name, number), shape);
  add_batchnorm(network, block.stage, fmt::format("{}.bn{}", block.name, number), shape.out, shape.out_side(), last);
}

void add_block(Architecture& network, const Block& block, const Plan& plan) {
  const std::int64_t side = block.out_side();
  const std::int64_t channels = block.channels;
  if (plan.bottleneck) {
    add_pair(network, block, "1", {.in = block.in, .out = channels, .kernel = 1, .side = block.side}, false);
    add_pair(network, block, "2",
             {.in = channels, .out = channels, .kernel = 3, .stride = block.stride, .side = block.side, .padding = 1}, false);
    add_pair(network, block, "3", {.in = channels, .out = block.out, .kernel = 1, .side = side}, true);
  } else {
    add_pair(network, block, "1",
             {.in = block.in, .out = channels, .kernel = 3, .stride = block.stride, .side = block.side, .padding = 1}, false);
    add_pair(network, block, "2", {.in = channels, .out = channels, .kernel = 3, .side = side, .padding = 1}, true);
  }
  if (plan.shortcut.empty() || (block.stride == 1 && block.in == block.out)) return;
  const std::string shortcut = fmt::format("{}.{}", block.name, plan.shortcut);
  add_convolution(network, block.stage, shortcut + ".0",
                  {.in = block.in, .out = block.out, .kernel = 1, .stride = block.stride, .side = block.side},
                  block.name + ".conv1");
  add_batchnorm(network, block.stage, shortcut + ".1", block.out, side, false);
}

// Returns the map that layer1 gets.
Block add_stem(Architecture& network, const Plan& plan) {
  Convolution conv{.in = 3, .out = plan.stem, .kernel = 3, .side = network.spec.pixels, .padding = 1};
  if (plan.large_stem) {
    conv.kernel = 7;
    conv.stride = 2;
    conv.padding = 3;
  }
  add_convolution(network, 0, "conv1", conv);
  add_batchnorm(network, 0, "bn1", conv.out, conv.out_side(), true);
  Block map{.in = conv.out, .side = conv.out_side()};
  if (plan.large_stem) {
    const std::int64_t before = map.side * map.side * map.in;
    map.side = (map.side - 1) / 2 + 1;
    // The pooling keeps its input, and the place of each maximum as an int64.
    network.layers.back().kept_output_values = before + 2 * map.side * map.side * map.in;
  }
  return map;
}

}  // namespace

void describe(Architecture& network, const Plan& plan) {
  Block map = add_stem(network, plan);
  for (std::size_t layer = 0; layer < plan.blocks.size(); ++layer) {
    map.stage = static_cast<int>(layer);
    map.channels = plan.stem << layer;
    map.out = plan.bottleneck ? expansion * map.channels : map.channels;
    for (int i = 0; i < plan.blocks[layer]; ++i) {
      map.name = fmt::format("layer{}.{}", layer + 1, i);
      map.stride = i == 0 && layer > 0 ? 2 : 1;
      add_block(network, map, plan);
      map.in = map.out;
      map.side = map.out_side();
    }
    network.stages.push_back({fmt::format("block{}", layer + 1), map.out * map.side * map.side});
  }
  network.layers.back().kept_output_values = map.out * map.side * map.side;  // output of the last ReLU
  network.stages.back().output_values = map.out;                             // after the mean
  const auto stage = static_cast<int>(network.stages.size());
  network.stages.push_back({"fc", network.spec.classes});
  add_linear(network, stage, plan.classifier, map.out, network.spec.classes);
}

std::vector<int> blocks_of(const StateDict& state, int layers) {
  std::vector<int> blocks;
  for (int layer = 1; layer <= layers; ++layer) {
    blocks.push_back(count_blocks(state, fmt::format("layer{}.", layer), ".conv1.weight"));
    if (blocks.back() == 0) throw CheckpointError(fmt::format("layer{}.0.conv1.weight is missing", layer));
  }
  return blocks;
}

Stem stem_of(const StateDict& state) {
  const Shape& shape = shape_of(state, "conv1.weight", 4);
  constexpr std::int64_t most = 1 << 16;
  if (shape[0] < 1 || shape[0] > most) throw CheckpointError(fmt::format("conv1.weight has {} channels", shape[0]));
  return {shape[0], shape[2]};
}

void check(const NetworkSpec& spec, int channels) {
  const double stem = spec.width * channels;
  constexpr double most = 1 << 16;
  if (!(stem >= 1 && stem <= most) || stem != std::floor(stem))
    throw std::invalid_argument(
        fmt::format("width {}: it multiplies {} channels, which must give 1 to {}", spec.width, channels, most));
  if (spec.classes < 1) throw std::invalid_argument(fmt::format("{} classes: there must be at least one", spec.classes));
  if (spec.pixels < 8 || spec.pixels > 32768)
    throw std::invalid_argument(fmt::format("{} pixels: 8 to 32768 are possible", spec.pixels));
}

}  // namespace tbft::models::residual
