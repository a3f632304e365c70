// The part of a diagnosis that needs torch: one observed forward pass. No torch in this header.
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

// Passes the images of the given indices, in that order, through the network in eval mode. Changes nothing of the network
// except the memory layout of its weights, which is contiguous afterwards. `progress` receives the number of images done and
// may throw to stop. Throws std::invalid_argument if labels or pixels do not fit the network.
Observation observe(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::function<void(std::int64_t)>& progress = {});

}  // namespace tbft::adaptive
