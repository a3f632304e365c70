// Fits a run into memory_limit: whether outputs of frozen blocks are kept, and the images per step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"
#include "harness/training/strategies/strategy.h"
#include "models/architecture.h"

namespace tbft {

// Cells that need the same memory.
struct MemoryCells {
  const Strategy* strategy = nullptr;
  std::int64_t n_train = 0, n_val = 0;
  std::int64_t batch = 0;  // of sweep.batch; 0: train.batch
};

struct MemoryChoice {
  Settings settings;             // with the chosen train.batch
  std::string warm_up = "full";  // the strategy of the discarded warm-up cell: fc if full does not fit
  bool keeps_none = false;  // the outputs of frozen blocks are computed in each epoch, although train.cache would keep them
  std::int64_t needed_bytes = 0;
  std::vector<std::string> notes;  // what was chosen and why, for the user; the last one says what is needed
};

// Returns the first of these that fits: everything as declared; without kept float32 outputs, which changes no result; if
// train.batch is not declared, with the largest power of two below its default. The model is that of peak_memory(), so that the
// choice depends on declared settings and data alone, and is the same on every machine. Throws UsageError with the bytes that
// are needed, and what would fit, if nothing does. Requires settings.memory_limit. `images_bytes` are of all images that a run
// holds at once.
MemoryChoice fit_to_memory(const Settings& settings, const models::Architecture& network, const std::vector<MemoryCells>& cells,
                           std::int64_t images_bytes);

// "437 MiB", rounded up.
std::string MiB_text(std::int64_t bytes);

}  // namespace tbft
