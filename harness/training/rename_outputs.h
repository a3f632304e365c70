// Repairs an output-level drift by renaming the classifier's outputs. No torch in this header.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "harness/data/dataset.h"
#include "harness/training/phases.h"

namespace tbft::models {
class Network;
}

namespace tbft {

// Predicts the images of the given indices, estimates which label each predicted class stands for (a permutation:
// harness/training/label_map.h) and permutes the rows of the classifier accordingly. The result is an ordinary network.
void rename_outputs(models::Network& net, const data::Images& images, std::span<const std::int64_t> indices,
                    const std::string& layout, PhaseObserver& observer);

}  // namespace tbft
