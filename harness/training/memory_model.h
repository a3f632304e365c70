// The peak memory of a process that trains, by a model from the network's description alone: for the choice of a batch that
// fits (harness/sweep/memory_choice.h). It must not underestimate; docs/memory.md says how much it overestimates. No torch
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/training/strategies/strategy.h"
#include "models/architecture.h"

namespace tbft {

// The number of images that the network evaluates at once from this stage on, so that its maps stay near the processor's
// caches.
std::size_t evaluation_batch(const models::Architecture& network, int stage);

// The number of images that a diagnosis passes at once. Half of an evaluation's, because torch's operations copy the contiguous
// maps of a diagnosis: so it needs no more than an evaluation, or than a step of `full` on one image, and peak_memory() need
// not count it.
std::size_t diagnosis_batch(const models::Architecture& network);

struct MemoryNeed {
  std::int64_t batch = 128;       // images per step
  std::int64_t n_train = 0;       // training images; a step has no more
  std::int64_t n_val = 0;         // validation images
  std::int64_t images_bytes = 0;  // of all images in memory, those of other cells included
  std::string optimizer = "sgd";
  std::string layout = "channels_last";
  std::string backend = "auto";  // native convolutions write out each map nine times
  std::string cache = "off";     // outputs of the frozen stages that are kept: off | fp32 | bf16
};

// Bytes by what they are for.
struct PeakMemory {
  std::int64_t program = 0;  // code and data of the program, libtorch and the other libraries
  std::int64_t images = 0;
  std::int64_t weights = 0;  // and their copies, gradients and the optimiser's state
  std::int64_t step = 0;     // activations and gradients of a training step, or maps of an evaluation
  std::int64_t cache = 0;    // kept outputs of the frozen stages
  std::int64_t total() const { return program + images + weights + step + cache; }
};

// For a strategy that chooses what it tunes: the most that any choice needs.
PeakMemory peak_memory(const models::Architecture& network, const Strategy& strategy, const MemoryNeed& need);

}  // namespace tbft
