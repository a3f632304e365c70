// The torch side of a diagnosis: one forward pass that looks on. No torch in this header.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "harness/data/dataset.h"
#include "harness/training/observation.h"

namespace tbft::models {
class Network;
}

namespace tbft::adaptive {

// The images of the given indices, in that order, through the network in eval mode; nothing of it changes but the memory layout
// of its weights, which is contiguous afterwards. `progress` gets the number of images done, and may throw to end it. Throws
// std::invalid_argument where labels or pixels are not the network's.
Observation observe(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::function<void(std::int64_t)>& progress = {});

}  // namespace tbft::adaptive
