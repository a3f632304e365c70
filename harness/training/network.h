// Operations on a network that training and testing share. Includes torch: for the files that run the network.
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
#include "harness/training/memory_model.h"
#include "harness/training/phases.h"
#include "models/network.h"

namespace tbft {

struct Score {
  double loss = 0;            // mean cross-entropy over images
  std::vector<bool> correct;  // one entry for each index
};

// Returns samples begin..begin+count of a set, as the input of a stage.
using BatchSource = std::function<Batch(std::size_t begin, std::size_t count)>;
// Evaluates n samples from `stage` on, in eval mode without gradient. Calls evaluated() as below.
Score evaluate(models::Network& net, int stage, std::size_t n, const BatchSource& source, PhaseObserver& observer);

// Evaluates in eval mode without gradient. Calls the observer's evaluated() after every batch.
Score evaluate(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
               const std::string& layout, PhaseObserver& observer);

// At most `count` entries from `begin` on: one batch of a list of indices.
inline std::span<const std::int64_t> slice(std::span<const std::int64_t> all, std::size_t begin, std::size_t count) {
  return all.subspan(begin, std::min(count, all.size() - begin));
}

// Stores the convolution weights in the given memory layout (channels_last | contiguous), so that no step has to convert them.
void set_layout(models::Network& net, const std::string& layout);

// Requires a gradient for exactly those parameters for which `trains` returns true (by name). Autograd then records nothing
// below the first tuned layer and computes no weight gradient of a frozen layer above it. Returns the parameters for the
// optimiser.
std::vector<torch::Tensor> select_parameters(models::Network& net, const std::function<bool(std::string_view)>& trains);

// Throws std::invalid_argument if the last of n training images would be alone in its batch, and a BatchNorm that is in train
// mode needs two (Architecture::needs_two_images).
void check_last_batch(const models::Network& net, std::int64_t n, std::int64_t batch);

// Discards the gradients instead of zeroing them, so that the next backward pass writes each once.
void drop_gradients(models::Network& net);

// Repairs an output-level drift by renaming the classifier's outputs. Predicts the images of the given indices, estimates which
// label each predicted class stands for (a permutation: harness/training/label_map.h) and permutes the rows of the classifier
// accordingly. The result is an ordinary network.
void rename_outputs(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::string& layout, PhaseObserver& observer);

}  // namespace tbft
