// Relative gradient norms |g| / |theta| (Lee et al., "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts", ICLR
// 2023): how much a block or tensor would change relative to its size.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/training/probe.h"
#include "models/architecture.h"

namespace tbft {

// rgn-top1: the block of the largest relative norm. Its tensors count as one vector; norms are means over mini-batches. Throws
// std::invalid_argument if no block was probed or a gradient is not finite.
std::string block_of_largest_rgn(std::span<const ProbedParameter> probed, const models::Architecture& network);

// auto-rgn: for each tensor the mean of |g| / |theta| over mini-batches, divided by the largest of them; in [0, 1], in the
// order of `probed`. A tensor of zeros has no relative norm and gets 0. Throws like block_of_largest_rgn().
std::vector<double> relative_rates(std::span<const ProbedParameter> probed);

}  // namespace tbft
