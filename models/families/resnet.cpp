// ResNets with four layers: torchvision's, for images of 224 px, and the same with a small stem, for small images.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "models/families/list.h"
#include "models/families/parts.h"
#include "models/families/residual.h"

namespace tbft::models {
namespace {

constexpr std::string_view family_name = "resnet";
constexpr int stem_channels = 64;
constexpr int layers = 4;

// large-stem: torchvision's. The small one is 3x3 without pooling; public checkpoints that have it use two sets of names.
struct Variant {
  std::string_view name;
  bool large_stem;
  std::string_view shortcut, classifier;
};
constexpr std::array variants{Variant{"large-stem", true, "downsample", "fc"}, Variant{"small-stem", false, "downsample", "fc"},
                              Variant{"small-stem-shortcut-linear", false, "shortcut", "linear"}};

struct Depth {
  int depth;
  bool bottleneck;
  std::array<int, layers> blocks;
};
constexpr std::array depths{Depth{18, false, {2, 2, 2, 2}}, Depth{26, true, {2, 2, 2, 2}},   Depth{34, false, {3, 4, 6, 3}},
                            Depth{50, true, {3, 4, 6, 3}},  Depth{101, true, {3, 4, 23, 3}}, Depth{152, true, {3, 8, 36, 3}}};

std::vector<std::string_view> names() {
  std::vector<std::string_view> list;
  list.reserve(variants.size());
  for (const Variant& variant : variants) list.push_back(variant.name);
  return list;
}

Architecture describe_network(const NetworkSpec& spec) {
  const auto variant = std::ranges::find(variants, spec.variant, &Variant::name);
  if (variant == variants.end())
    throw std::invalid_argument(fmt::format("variant '{}': there are {}", spec.variant, fmt::join(names(), ", ")));
  const auto depth = std::ranges::find(depths, spec.depth, &Depth::depth);
  if (depth == depths.end())
    throw std::invalid_argument(fmt::format("depth {}: there are 18, 26, 34, 50, 101, 152", spec.depth));
  residual::check(spec, stem_channels);
  Architecture network{
      .spec = spec,
      .title = parts::titled(fmt::format("ResNet-{}{}", spec.depth, variant->large_stem ? "" : " with a small stem"), spec),
      .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}},
      .stages = {},
      .tensors = {},
      .layers = {},
      .passes = Architecture::Passes::folded};
  residual::describe(network, {.stem = static_cast<std::int64_t>(spec.width * stem_channels),
                               .large_stem = variant->large_stem,
                               .blocks = {depth->blocks.begin(), depth->blocks.end()},
                               .bottleneck = depth->bottleneck,
                               .shortcut = std::string(variant->shortcut),
                               .classifier = std::string(variant->classifier)});
  return network;
}

int depth_of(const StateDict& state) {
  const std::vector<int> blocks = residual::blocks_of(state, layers);
  const bool bottleneck = parts::find(state, "layer1.0.conv3.weight") != nullptr;
  const auto found = std::ranges::find_if(
      depths, [&](const Depth& depth) { return depth.bottleneck == bottleneck && std::ranges::equal(depth.blocks, blocks); });
  if (found == depths.end())
    throw CheckpointError(
        fmt::format("layer1 to layer4 have {} residual blocks{}, as no ResNet of 18, 26, 34, 50, 101 or 152 layers",
                    fmt::join(blocks, ", "), bottleneck ? " with bottlenecks" : ""));
  return found->depth;
}

NetworkSpec infer(const StateDict& state) {
  const int depth = depth_of(state);
  const residual::Stem stem = residual::stem_of(state);
  const bool linear = parts::find(state, "linear.weight") != nullptr;
  const Variant& variant = stem.kernel == 7 ? variants[0] : linear ? variants[2] : variants[1];
  // A checkpoint does not say for which images it was trained; the stem does.
  return {.depth = depth,
          .width = static_cast<double>(stem.channels) / stem_channels,
          .classes = parts::classes_of(state, variant.classifier),
          .pixels = variant.large_stem ? 224 : 32,
          .family = std::string(family_name),
          .variant = std::string(variant.name)};
}

}  // namespace

const Family& family::resnet() {
  static const Family family{
      .name = family_name,
      .summary = "ResNet-18, 26, 34, 50, 101, 152 as in torchvision (variant: its stem, or a small one for small images)",
      .usual = {.depth = 18,
                .classes = 1000,
                .pixels = 224,
                .family = std::string(family_name),
                .variant = std::string(variants.front().name)},
      .variants = names(),
      .describe = describe_network,
      .infer = infer};
  return family;
}

}  // namespace tbft::models
