// The blocks that promise most for a share of the cost of tuning all (after Huang et al., "ElasticTrainer", MobiSys 2023, whose
// dynamic programme over tensors is an enumeration here: four blocks have 15 subsets).
#pragma once

#include <map>
#include <span>
#include <string>

#include "harness/training/probe.h"
#include "models/architecture.h"

namespace tbft {

// Of a step of full, in multiply-accumulates. fc, block3 and block2 alone are within it at 32 px; block1 never is.
inline constexpr double elastic_budget = 2.0 / 3;

// Sums of the gains of each block's parameters; those of no block are left out.
std::map<std::string, double> importance_of_blocks(std::span<const ProbedStep> probed, const models::Architecture& network);

// The blocks of greatest summed importance among the sets whose training_macs are at most `budget` of full's; of equal ones the
// cheapest, so that a block that promises nothing is left out. Throws std::invalid_argument where no set is within the budget.
models::Tuned most_important_blocks(const std::map<std::string, double>& importance, const models::Architecture& network,
                                    double budget = elastic_budget);

}  // namespace tbft
