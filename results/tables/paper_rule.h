// Whether the paper's rule holds beyond its one network: under input drift tune the front of a network, under feature drift the
// middle, under output drift the rear. The rear is the classifier; of the N blocks before it the first N/3, rounded up, are the
// front and the others the middle. The paper's network has block1; block2 and block3; fc.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/statistics.h"
#include "results/tables/group.h"
#include "results/tables/section.h"

namespace tbft::results {

inline constexpr std::array<std::string_view, 3> network_parts{"front", "middle", "rear"};

// The index of a block's part in network_parts. `blocks` are those of the network, front to rear, and contain the block.
std::size_t part_of(std::span<const std::string> blocks, std::string_view block);

// The rule on one network and data set, averaged over conditions and training sizes.
struct RuleCheck {
  Key key;                                              // condition and train_size empty
  std::size_t tables = 1, pooled = 1, repetitions = 0;  // pooled: how many of the tables have all cells and were averaged
  std::size_t part = 0;                                 // that the rule tunes
  // Of each part the block of highest mean accuracy, and that accuracy.
  std::array<std::string, network_parts.size()> best;
  std::array<double, network_parts.size()> accuracy_pct{};
  // Points of accuracy by which the best block of the rule's part leads the best block outside it. Over repetitions and,
  // where all are known, test images: mean_interval(). The blocks are chosen by the same accuracies, which the interval does
  // not account for.
  double lead_points = unknown;
  Interval lead;
};

// "holds" or "fails" if the interval excludes 0, "open" if it contains 0 or is unknown.
std::string_view verdict(const RuleCheck& check);

// One for each data set, level of drift, protocol, board and network whose blocks all have an accuracy. Empty unless the groups
// are of two networks or more: about one network the winners say it.
std::vector<RuleCheck> check_rule(std::span<const Group> groups);

Section section_of(std::span<const RuleCheck> checks);

}  // namespace tbft::results
