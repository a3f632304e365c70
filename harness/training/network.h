// What training and testing both do with a network. Includes torch: for the files that run the network.
#pragma once

// First: clang 14 cannot read libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/dataset.h"
#include "harness/training/batches.h"
#include "harness/training/phases.h"
#include "models/network.h"

namespace tbft {

struct Score {
  double loss = 0;            // mean cross-entropy over images
  std::vector<bool> correct;  // one an index
};

// Images that the network evaluates at once when it begins at this stage: as many as keep its maps near the processor's caches.
std::size_t evaluation_batch(const models::Architecture& network, int stage);

// Samples begin..begin+count of a set, as the input of a stage.
using BatchSource = std::function<Batch(std::size_t begin, std::size_t count)>;
// Of n samples through the network from `stage` on. Eval mode, no gradient; evaluated() as below.
Score evaluate(models::Network& net, int stage, std::size_t n, const BatchSource& source, PhaseObserver& observer);

// Eval mode, no gradient. The observer's evaluated() is called after every batch.
Score evaluate(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
               const std::string& layout, PhaseObserver& observer);

// At most `count` entries from `begin`: one batch of a list of indices.
inline std::span<const std::int64_t> slice(std::span<const std::int64_t> all, std::size_t begin, std::size_t count) {
  return all.subspan(begin, std::min(count, all.size() - begin));
}

// Convolution weights in the given memory layout (channels_last | contiguous), so that no step converts them.
void set_layout(models::Network& net, const std::string& layout);

// Only what `trains` says yes to (by parameter name) requires a gradient: autograd then records nothing below the first tuned
// layer and computes no weight gradient of a frozen one above it. Returns what the optimiser gets.
std::vector<torch::Tensor> select_parameters(models::Network& net, const std::function<bool(std::string_view)>& trains);

// Forgets the gradients instead of zeroing them: the next backward pass then writes them once.
void drop_gradients(models::Network& net);

}  // namespace tbft
