#include "harness/training/memory_model.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "models/cost.h"

namespace tbft {

namespace {

constexpr std::int64_t float_bytes = 4;
constexpr std::int64_t MiB = std::int64_t{1} << 20;

// Resident after a training of a tiny network, with some reserve.
constexpr std::int64_t program_bytes = 190 * MiB;
// Blocks of different sizes leave gaps: what the heap holds over what is in use.
constexpr double gaps = 1.1;
// The copies of a map that a layer's pass holds at once: its input, its output, and what lies beside a residual branch, or in
// the backward pass the gradients of the two.
constexpr std::int64_t maps_at_once = 3;
constexpr std::int64_t maps_of_reorders = 2;  // oneDNN copies input and output of a convolution that is not channels_last
constexpr std::int64_t maps_of_columns = 9;   // a 3x3 convolution without oneDNN

const models::Tuned everything{.blocks = {}, .everything = true};

std::int64_t values_of(const models::Architecture& network) {
  std::int64_t total = 0;
  for (const auto& tensor : network.tensors)
    total += std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies());
  return total;
}

// Values of one image in the largest map that a layer reads or writes.
std::int64_t largest_map(const models::Layer& layer) {
  const auto& conv = layer.convolution;
  return std::max({layer.input_values, layer.kept_output_values, conv.out * conv.out_side() * conv.out_side()});
}

std::int64_t maps_of(const MemoryNeed& need) {
  return maps_at_once + (need.layout == "contiguous" ? maps_of_reorders : 0) + (need.backend == "native" ? maps_of_columns : 0);
}

// Bytes of one image at the fullest moment of a step: the forward pass fills what it keeps from stage to stage, the backward
// pass empties it, and the layers of the current stage have their maps beside it.
double step_bytes(const models::Architecture& network, const models::Tuned& tuned, std::int64_t maps) {
  auto so_far = network;
  so_far.layers.clear();
  std::int64_t fullest = 0;
  for (auto layer = network.layers.begin(); layer != network.layers.end();) {
    std::int64_t largest = network.stages[static_cast<std::size_t>(layer->stage)].output_values;
    for (const int stage = layer->stage; layer != network.layers.end() && layer->stage == stage; ++layer) {
      largest = std::max(largest, largest_map(*layer));
      so_far.layers.push_back(*layer);
    }
    fullest = std::max(fullest, models::saved_activation_bytes(so_far, tuned) + maps * largest * float_bytes);
  }
  return static_cast<double>(fullest);
}

// Bytes of the weights with the base model's, the best ones', gradients and the optimiser's state.
std::int64_t weights_bytes(const models::Architecture& network, const Strategy& strategy, const models::Tuned& tuned,
                           std::string_view optimizer) {
  const auto all = values_of(network);
  const auto trained = models::parameter_count(network, tuned);
  const auto objective = strategy.objective();
  const bool adam = optimizer == "adam" || !objective.labelled;
  const std::int64_t of_trained = 1 + (adam ? 2 : 1) + (objective.l1_sp > 0 ? 1 : 0) + (strategy.chooses() ? 2 : 0);
  return float_bytes * (3 * all + of_trained * trained);
}

std::int64_t cache_bytes(const models::Architecture& network, const models::Tuned& tuned, const MemoryNeed& need) {
  const int stage = network.first_trained_stage(tuned);
  if (need.cache == "off" || stage == 0) return 0;
  const std::int64_t value_bytes = need.cache == "bf16" ? 2 : float_bytes;
  return (need.n_train + need.n_val) * network.stages[static_cast<std::size_t>(stage - 1)].output_values * value_bytes;
}

}  // namespace

std::size_t evaluation_batch(const models::Architecture& network, int stage) {
  constexpr std::int64_t most = 2000;
  // Each pass prepares the weights anew (models/convolver.h), so large ones need more images to be worth it.
  const std::int64_t values = std::max(std::int64_t{1} << 20, models::parameter_count(network) / 4);
  // The input of the stage decides, because the first stage makes maps much larger than the images.
  const auto an_image = network.stages[static_cast<std::size_t>(std::max(stage - 1, 0))].output_values;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(values / an_image, 1, most));
}

PeakMemory peak_memory(const models::Architecture& network, const Strategy& strategy, const MemoryNeed& need) {
  const bool open = strategy.chooses() || strategy.becomes_another();
  const auto& tuned = open ? everything : strategy.tuned;
  const auto maps = maps_of(need);
  PeakMemory peak{.program = program_bytes, .images = need.images_bytes};
  peak.weights = weights_bytes(network, strategy, tuned, need.optimizer);
  const auto images = static_cast<double>(std::min(need.batch, need.n_train));
  double step = strategy.has_epochs() || open ? images * step_bytes(network, tuned, maps) : 0;
  if (strategy.chooses()) {  // the images of the batches with which it probes
    constexpr double probed = 5;
    const double pixels = network.spec.pixels;
    step += probed * images * 3 * pixels * pixels * static_cast<double>(float_bytes);
  }
  const double evaluation = static_cast<double>(evaluation_batch(network, 0)) * step_bytes(network, {}, maps);
  peak.step = static_cast<std::int64_t>(gaps * std::max(step, evaluation));
  if (!open) {
    peak.cache = cache_bytes(network, tuned, need);
    return peak;
  }
  for (const auto& block : network.blocks()) peak.cache = std::max(peak.cache, cache_bytes(network, {.blocks = {block}}, need));
  return peak;
}

}  // namespace tbft
