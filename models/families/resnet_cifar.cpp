// Post-activation ResNets of CIFAR's shape: He et al. 2016, "Deep Residual Learning for Image Recognition", section 4.2. Depth
// 6n + 2, layer1..3 with 16, 32 and 64 channels.
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

constexpr std::string_view family_name = "resnet-cifar";
constexpr int stem_channels = 16;
constexpr int layers = 3;

// Option A has shortcuts without weights, option B 1x1 convolutions.
struct Variant {
  std::string_view name, shortcut, classifier;
};
constexpr std::array variants{Variant{"A-linear", "", "linear"},
                              Variant{"A-fc", "", "fc"},
                              Variant{"B-shortcut-linear", "shortcut", "linear"},
                              Variant{"B-shortcut-fc", "shortcut", "fc"},
                              Variant{"B-downsample-linear", "downsample", "linear"},
                              Variant{"B-downsample-fc", "downsample", "fc"}};

std::vector<std::string_view> names() {
  std::vector<std::string_view> list;
  list.reserve(variants.size());
  for (const Variant& variant : variants) list.push_back(variant.name);
  return list;
}

const Variant& variant_of(const NetworkSpec& spec) {
  const auto found = std::ranges::find(variants, spec.variant, &Variant::name);
  if (found == variants.end())
    throw std::invalid_argument(fmt::format("variant '{}': there are {}", spec.variant, fmt::join(names(), ", ")));
  return *found;
}

Architecture describe_network(const NetworkSpec& spec) {
  const Variant& variant = variant_of(spec);
  if (spec.depth < 8 || spec.depth % 6 != 2)
    throw std::invalid_argument(fmt::format("depth {}: it must be 6n + 2, such as 20", spec.depth));
  residual::check(spec, stem_channels);
  // ImageNet's means, as the public checkpoints of this family have them.
  Architecture network{.spec = spec,
                       .title = parts::titled(fmt::format("CIFAR ResNet-{}", spec.depth), spec),
                       .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}},
                       .stages = {},
                       .tensors = {},
                       .layers = {},
                       .passes = Architecture::Passes::folded};
  residual::describe(network, {.stem = static_cast<std::int64_t>(spec.width * stem_channels),
                               .blocks = std::vector<int>(layers, (spec.depth - 2) / (2 * layers)),
                               .shortcut = std::string(variant.shortcut),
                               .classifier = std::string(variant.classifier)});
  return network;
}

NetworkSpec infer(const StateDict& state) {
  const auto has = [&](const std::string& name) { return parts::find(state, name + ".weight") != nullptr; };
  const auto found = std::ranges::find_if(variants, [&](const Variant& variant) {
    return has(std::string(variant.classifier)) &&
           (variant.shortcut.empty() ? !has("layer2.0.shortcut.0") && !has("layer2.0.downsample.0")
                                     : has(fmt::format("layer2.0.{}.0", variant.shortcut)));
  });
  if (found == variants.end()) throw CheckpointError("linear.weight and fc.weight are missing");
  return {.depth = 2 * layers * residual::blocks_of(state, layers).front() + 2,
          .width = static_cast<double>(residual::stem_of(state).channels) / stem_channels,
          .classes = parts::classes_of(state, found->classifier),
          .family = std::string(family_name),
          .variant = std::string(found->name)};
}

}  // namespace

const Family& family::resnet_cifar() {
  static const Family family{
      .name = family_name,
      .summary = "post-activation ResNet for small images, depth 6n + 2 (variant: shortcuts A or B, names of the tensors)",
      .usual = {.depth = 20, .family = std::string(family_name), .variant = std::string(variants.front().name)},
      .variants = names(),
      .describe = describe_network,
      .infer = infer};
  return family;
}

}  // namespace tbft::models
