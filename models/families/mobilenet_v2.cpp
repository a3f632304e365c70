// MobileNetV2 with torchvision's names (Sandler et al. 2018): inverted residuals, that is a 1x1 convolution that widens, a
// depthwise 3x3 convolution and a 1x1 convolution that narrows without an activation.
//
// Stages: 0 to 4 are block1 to block5, each of which begins where torchvision's network halves the map: at features.0, 2, 4, 7
// and 14. The last 1x1 convolution and the pooling belong to block5. Stage 5 is the classifier.
//
// Images of up to 64 pixels keep their size through the first convolution and the second stage (stride 1 instead of 2), as is
// usual at 32 pixels: the maps would shrink to one pixel otherwise.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "models/families/list.h"
#include "models/families/parts.h"

namespace tbft::models {
namespace {

using namespace parts;

constexpr std::string_view family_name = "mobilenet-v2";
constexpr int depth = 53;  // convolutions and the classifier
constexpr int largest_small_side = 64;
constexpr double largest_width = 4;

// A row of the paper's table 2: inverted residuals of the same output channels. The first one has the stride.
struct Row {
  std::int64_t expansion, channels, repeats, stride;
};
constexpr std::array<Row, 7> rows{
    {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};
constexpr std::int64_t stem_channels = 32;
constexpr std::int64_t last_channels = 1280;

// Channels times width, to the nearest multiple of 8 that is at least 90 % of it (torchvision's _make_divisible).
std::int64_t scaled(std::int64_t channels, double width) {
  const double exact = static_cast<double>(channels) * width;
  const std::int64_t rounded = std::max<std::int64_t>(8, static_cast<std::int64_t>(exact + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * exact ? rounded + 8 : rounded;
}

// Of the last 1x1 convolution, which does not become narrower.
std::int64_t scaled_last(double width) {
  return scaled(last_channels, std::max(1.0, width));
}

void check(const NetworkSpec& spec) {
  if (spec.depth != depth)
    throw std::invalid_argument(fmt::format("depth {}: {} has {} layers", spec.depth, family_name, depth));
  if (!(spec.width > 0 && spec.width <= largest_width))
    throw std::invalid_argument(fmt::format("width {}: it must be above 0 and at most {}", spec.width, largest_width));
  if (constexpr double fine = 1e-6; std::abs(spec.width * 100 - std::round(spec.width * 100)) > fine)
    throw std::invalid_argument(
        fmt::format("width {}: it must have at most two decimals, so that a checkpoint's shapes tell it", spec.width));
  if (spec.classes < 1) throw std::invalid_argument(fmt::format("{} classes: there must be at least one", spec.classes));
  if (spec.pixels < 32 || spec.pixels > 4096 || spec.pixels % 32 != 0)
    throw std::invalid_argument(fmt::format("{} pixels: it must be a multiple of 32, at most 4096", spec.pixels));
  if (!spec.variant.empty()) throw std::invalid_argument(fmt::format("variant {}: {} has none", spec.variant, family_name));
}

// Appends the layers front to rear, and knows the map that the next one gets.
class Builder {
 public:
  explicit Builder(Architecture& network) : network_(network), side_(network.spec.pixels) {}

  // A convolution and the BatchNorm behind it.
  void add(const std::string& conv, const std::string& bn, Convolution shape, bool on_trunk) {
    shape.side = side_;
    add_convolution(network_, stage_, conv, shape);
    side_ = shape.out_side();
    add_batchnorm(network_, stage_, bn, shape.out, side_, on_trunk);
    values_ = shape.out * side_ * side_;
    channels_ = shape.out;
  }
  // NAME.0, NAME.1 and a ReLU6, whose gradient needs its input.
  void add_activated(const std::string& name, const Convolution& shape, bool on_trunk = false) {
    add(name + ".0", name + ".1", shape, on_trunk);
    network_.layers.back().kept_output_values = values_;
  }
  void add_inverted_residual(int feature, const Row& row, std::int64_t out, std::int64_t stride) {
    const std::string name = fmt::format("features.{}.conv.", feature);
    const std::int64_t wide = channels_ * row.expansion;
    int part = 0;
    if (row.expansion != 1) add_activated(fmt::format("{}{}", name, part++), {.in = channels_, .out = wide, .kernel = 1});
    add_activated(fmt::format("{}{}", name, part++),
                  {.in = wide, .out = wide, .kernel = 3, .stride = stride, .padding = 1, .groups = wide});
    add(fmt::format("{}{}", name, part), fmt::format("{}{}", name, part + 1), {.in = wide, .out = out, .kernel = 1}, true);
  }
  void begin_block() {
    if (!network_.stages.empty()) network_.stages.back().output_values = values_;
    stage_ = static_cast<int>(network_.stages.size());
    network_.stages.push_back({.block = fmt::format("block{}", stage_ + 1)});
  }
  std::int64_t channels() const { return channels_; }

 private:
  Architecture& network_;
  std::int64_t side_, channels_ = 3, values_ = 0;
  int stage_ = 0;
};

Architecture describe_network(const NetworkSpec& spec) {
  check(spec);
  const bool small = spec.pixels <= largest_small_side;
  Architecture network{.spec = spec,
                       .title = titled("MobileNetV2", spec),
                       .normalisation = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}},
                       .stages = {},
                       .tensors = {},
                       .layers = {},
                       .passes = Architecture::Passes::folded};
  Builder builder(network);
  builder.begin_block();
  builder.add_activated("features.0",
                        {.in = 3, .out = scaled(stem_channels, spec.width), .kernel = 3, .stride = small ? 1 : 2, .padding = 1},
                        /*on_trunk=*/true);
  int feature = 1;
  for (const Row& row : rows) {
    if (row.stride == 2) builder.begin_block();
    const std::int64_t stride = small && &row == &rows[1] ? 1 : row.stride;
    for (int i = 0; i < row.repeats; ++i)
      builder.add_inverted_residual(feature++, row, scaled(row.channels, spec.width), i == 0 ? stride : 1);
  }
  const std::int64_t last = scaled_last(spec.width);
  builder.add_activated(fmt::format("features.{}", feature), {.in = builder.channels(), .out = last, .kernel = 1});
  network.stages.back().output_values = last;
  network.stages.push_back({.block = "fc", .output_values = spec.classes});
  add_linear(network, static_cast<int>(network.stages.size()) - 1, "classifier.1", last, spec.classes);
  return network;
}

using Channels = std::array<std::int64_t, rows.size() + 2>;

// The output channels of the first convolution, of each row and of the last convolution.
Channels channels_at(double width) {
  Channels channels{scaled(stem_channels, width)};
  channels.back() = scaled_last(width);
  std::ranges::transform(rows, channels.begin() + 1, [&](const Row& row) { return scaled(row.channels, width); });
  return channels;
}

Channels channels_of(const StateDict& state) {
  Channels channels{shape_of(state, "features.0.0.weight", 4)[0]};
  int feature = 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int project = rows[i].expansion == 1 ? 1 : 2;  // features.1 has no widening convolution
    channels[i + 1] = shape_of(state, fmt::format("features.{}.conv.{}.weight", feature, project), 4)[0];
    feature += static_cast<int>(rows[i].repeats);
  }
  channels.back() = shape_of(state, fmt::format("features.{}.0.weight", feature), 4)[0];
  return channels;
}

// Several widths round to the same channels; the roundest number of them is meant.
double width_of(const StateDict& state) {
  const Channels channels = channels_of(state);
  for (const int step : {25, 5, 1})
    for (int percent = step; percent <= 100 * largest_width; percent += step)
      if (channels_at(percent / 100.0) == channels) return percent / 100.0;
  throw CheckpointError(
      fmt::format("features.0.0.weight has {}, features.17.conv.2.weight {} and features.18.0.weight {} output channels; no "
                  "width up to {} gives them",
                  channels.front(), channels[rows.size()], channels.back(), largest_width));
}

// The shapes are the same for every size of the images. ImageNet's 1000 classes mean 224 pixels, other numbers 32.
NetworkSpec infer(const StateDict& state) {
  const double width = width_of(state);
  const int classes = classes_of(state, "classifier.1");
  return {.depth = depth,
          .width = width,
          .classes = classes,
          .pixels = classes == 1000 ? 224 : 32,
          .family = std::string(family_name),
          .variant = {}};
}

}  // namespace

const Family& family::mobilenet_v2() {
  static const Family family{.name = family_name,
                             .summary = "MobileNetV2 with torchvision's names, width multiplier 0.01 to 4",
                             .usual = {.depth = depth, .family = std::string(family_name), .variant = {}},
                             .variants = {},
                             .describe = describe_network,
                             .infer = infer};
  return family;
}

}  // namespace tbft::models
