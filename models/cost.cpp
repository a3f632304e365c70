#include "models/cost.h"

#include <algorithm>
#include <array>

namespace tbft::models {
namespace {

constexpr std::int64_t float_bytes = 4;

std::int64_t conv_macs(std::int64_t in, std::int64_t out, std::int64_t side) {
  return 9 * in * out * side * side;
}

// Values of the map that a layer gives out, for one sample.
std::int64_t map_size(const ResNetSpec& spec, int layer) {
  return std::int64_t{spec.channels(layer)} * spec.side(layer) * spec.side(layer);
}

std::int64_t stem_macs(const ResNetSpec& spec) {
  return conv_macs(3, spec.channels(0), spec.pixels);
}

std::int64_t features(const ResNetSpec& spec) {
  return std::int64_t{spec.channels(3)} * spec.pooled() * spec.pooled();
}

int layer_of(Block block) {
  return static_cast<int>(block) + 1;
}

std::int64_t layer_macs(const ResNetSpec& spec, int layer) {
  const std::int64_t out = spec.channels(layer);
  const std::int64_t side = spec.side(layer);
  const std::int64_t first = conv_macs(spec.channels(layer - 1), out, side);
  return first + conv_macs(out, out, side) * (2 * spec.blocks_per_layer() - 1);
}

bool trains(const Tuned& tuned, Block block) {
  return tuned.everything || tuned.blocks.contains(block);
}

// The gradient runs from the loss down to the frontmost trained block; each layer begins with a BatchNorm.
bool gradient_reaches(const Tuned& tuned, Block block) {
  if (tuned.batchnorm) return true;
  return std::ranges::any_of(all_blocks, [&](Block other) { return other <= block && trains(tuned, other); });
}

// What a layer's basic blocks keep, in values of one sample: each BatchNorm its input and, where weights are trained, each
// convolution its input.
std::int64_t layer_kept(const ResNetSpec& spec, int layer, bool trained) {
  const std::int64_t in = map_size(spec, layer - 1);
  const std::int64_t out = map_size(spec, layer);
  const std::int64_t normalised = in + out + 2 * out * (spec.blocks_per_layer() - 1);
  return trained ? 2 * normalised : normalised;
}

}  // namespace

bool trains(const Tuned& tuned, std::string_view parameter) {
  if (tuned.everything || (tuned.batchnorm && is_batchnorm(parameter))) return true;
  const auto block = block_of(parameter);
  return block && trains(tuned, *block);
}

std::int64_t forward_macs(const ResNetSpec& spec, Block block) {
  check(spec);
  switch (block) {
    case Block::block1:
      return stem_macs(spec) + layer_macs(spec, 1);
    case Block::block2:
    case Block::block3:
      return layer_macs(spec, layer_of(block));
    case Block::fc:
      break;
  }
  return features(spec) * spec.classes;
}

std::int64_t forward_macs(const ResNetSpec& spec) {
  std::int64_t total = 0;
  for (const Block block : all_blocks) total += forward_macs(spec, block);
  return total;
}

std::int64_t training_macs(const ResNetSpec& spec, const Tuned& tuned) {
  std::int64_t total = forward_macs(spec);
  for (const Block block : all_blocks) {
    const std::int64_t forward = forward_macs(spec, block);
    if (trains(tuned, block)) total += forward;  // weight gradients
    if (!gradient_reaches(tuned, block)) continue;
    total += forward;  // input gradients
    // Nothing lies below the image. A layer begins with a BatchNorm, whose weights want the gradient of its first convolution's
    // input; fc has nothing of the kind.
    if (block == Block::block1) total -= stem_macs(spec);
    if (block == Block::fc && !gradient_reaches(tuned, Block::block3)) total -= forward;
  }
  return total;
}

double saving_pct(const ResNetSpec& spec, const Tuned& tuned) {
  const auto full = static_cast<double>(training_macs(spec, {.blocks = {}, .everything = true}));
  return 100.0 * (1.0 - static_cast<double>(training_macs(spec, tuned)) / full);
}

std::int64_t parameter_count(const ResNetSpec& spec) {
  return parameter_count(spec, {.blocks = {}, .everything = true});
}

std::int64_t parameter_count(const ResNetSpec& spec, const Tuned& tuned) {
  std::int64_t total = 0;
  for (const TensorInfo& tensor : tensors_of(spec)) {
    if (!tensor.is_parameter || !trains(tuned, tensor.name)) continue;
    std::int64_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= extent;
    total += count;
  }
  return total;
}

std::int64_t saved_activation_bytes(const ResNetSpec& spec, const Tuned& tuned) {
  check(spec);
  std::int64_t values = 0;
  if (trains(tuned, Block::block1)) values += std::int64_t{3} * spec.pixels * spec.pixels;  // conv1's input
  for (const Block block : {Block::block1, Block::block2, Block::block3}) {
    if (gradient_reaches(tuned, block)) values += layer_kept(spec, layer_of(block), trains(tuned, block));
  }
  if (gradient_reaches(tuned, Block::block3)) values += 2 * map_size(spec, 3);  // the final bn and its ReLU
  if (trains(tuned, Block::fc)) values += features(spec);
  return float_bytes * values;
}

}  // namespace tbft::models
