#include "harness/training/memory_model.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <vector>

#include "models/cost.h"
#include "models/network_file.h"

namespace tbft {

namespace {

constexpr std::int64_t float_bytes = 4;
constexpr std::int64_t MiB = std::int64_t{1} << 20;

// What a tiny network leaves resident: 90 to 100 MiB with libtorch 1.13 on x86-64. The rest is reserve for other versions.
constexpr std::int64_t program_bytes = 130 * MiB;
// Freed blocks leave gaps in the heap that fit none of the next ones: as large as the largest map, and a little for each block.
constexpr std::int64_t maps_of_gaps = 1;
constexpr double gaps = 1.03;
// The copies of a map that a layer's pass holds at once: its input, its output, and what lies beside a residual branch, or in
// the backward pass the gradients of the two.
constexpr std::int64_t maps_at_once = 3;
constexpr std::int64_t maps_of_reorders = 2;  // oneDNN copies input and output of a convolution that is not channels_last
constexpr std::int64_t maps_of_columns = 9;   // a 3x3 convolution without oneDNN

// What torch keeps beyond saved_activation_bytes(), which knows the layers but not each operation between them: a step of a ViT
// kept 1.2 times as much.
double kept_by_others(const models::Architecture& network) {
  const bool known = network.spec.family != models::torchscript_network && !network.has(models::Layer::Kind::attention);
  return known ? 1 : 1.25;
}

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
double step_bytes(const models::Architecture& network, const models::Tuned& tuned, const MemoryNeed& need) {
  const double kept = kept_by_others(network);
  const auto maps = maps_of(need);
  auto so_far = network;
  so_far.layers.clear();
  if (need.layout != "channels_last") so_far.passes = models::Architecture::Passes::torch;
  double fullest = 0;
  std::int64_t largest_of_all = 0;
  for (auto layer = network.layers.begin(); layer != network.layers.end();) {
    std::int64_t largest = network.stages[static_cast<std::size_t>(layer->stage)].output_values;
    for (const int stage = layer->stage; layer != network.layers.end() && layer->stage == stage; ++layer) {
      largest = std::max(largest, largest_map(*layer));
      so_far.layers.push_back(*layer);
    }
    largest_of_all = std::max(largest_of_all, largest);
    fullest = std::max(fullest, kept * static_cast<double>(models::saved_activation_bytes(so_far, tuned)) +
                                    static_cast<double>(maps * largest * float_bytes));
  }
  return fullest + static_cast<double>(maps_of_gaps * largest_of_all * float_bytes);
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
  // The input of the stage decides; of the first stage the output, because its maps are much larger than the images.
  auto an_image = network.stages[static_cast<std::size_t>(std::max(stage - 1, 0))].output_values;
  // A stage of a TorchScript file may hold several of a family's, and ends behind a pooling: there the largest map decides.
  if (network.spec.family == models::torchscript_network)
    for (const auto& layer : network.layers)
      if (layer.stage >= stage) an_image = std::max(an_image, largest_map(layer));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(values / an_image, 1, most));
}

std::size_t diagnosis_batch(const models::Architecture& network) {
  constexpr std::size_t most = 100;  // more are not faster, and a stop would wait for them
  return std::clamp<std::size_t>(evaluation_batch(network, 0) / 2, 1, most);
}

PeakMemory peak_memory(const models::Architecture& network, const Strategy& strategy, const MemoryNeed& need) {
  const bool open = strategy.chooses() || strategy.becomes_another();
  const auto& tuned = open ? everything : strategy.tuned;
  PeakMemory peak{.program = program_bytes, .images = need.images_bytes};
  peak.weights = weights_bytes(network, strategy, tuned, need.optimizer);
  const auto images = static_cast<double>(std::min(need.batch, need.n_train));
  double step = strategy.has_epochs() || open ? images * step_bytes(network, tuned, need) : 0;
  if (strategy.chooses() || strategy.objective().rate_by_tensor) {  // the images of the batches with which it probes
    constexpr double probed = 5;
    const double pixels = network.spec.pixels;
    step += probed * images * 3 * pixels * pixels * static_cast<double>(float_bytes);
  }
  const double evaluation = static_cast<double>(evaluation_batch(network, 0)) * step_bytes(network, {}, need);
  peak.step = static_cast<std::int64_t>(gaps * std::max(step, evaluation));
  if (!open) {
    peak.cache = cache_bytes(network, tuned, need);
    return peak;
  }
  for (const auto& block : network.blocks()) peak.cache = std::max(peak.cache, cache_bytes(network, {.blocks = {block}}, need));
  return peak;
}

}  // namespace tbft
