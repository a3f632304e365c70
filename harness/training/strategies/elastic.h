// Chooses the blocks with the greatest expected benefit within a fraction of the cost of tuning all, after Huang et al.,
// "ElasticTrainer", MobiSys 2023. Their dynamic programme over tensors is an enumeration here, because four blocks have only 15
// subsets.
#pragma once

#include <map>
#include <span>
#include <string>

#include "harness/training/probe.h"
#include "models/architecture.h"

namespace tbft {

// As a fraction of a step of full, in multiply-accumulates. At 32 px fc, block3 and block2 alone each fit; block1 never does.
inline constexpr double elastic_budget = 2.0 / 3;

// The summed gains of each block's parameters; parameters outside of all blocks are left out.
std::map<std::string, double> importance_of_blocks(std::span<const ProbedStep> probed, const models::Architecture& network);

// The set of blocks with the greatest summed importance whose training_macs are at most `budget` of full's. Of equal sets the
// cheapest is chosen, so that a block without benefit is left out. Throws std::invalid_argument if no set fits the budget.
models::Tuned most_important_blocks(const std::map<std::string, double>& importance, const models::Architecture& network,
                                    double budget = elastic_budget);

}  // namespace tbft
