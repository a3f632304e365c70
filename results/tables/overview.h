// The first table of a report: every strategy at every level of drift, averaged over conditions and training sizes.
#pragma once

#include <span>
#include <vector>

#include "results/tables/section.h"
#include "results/tables/table.h"

namespace tbft::results {

// The results of one protocol, board and network.
struct Overview {
  Origin origin;
  std::vector<Table> levels;  // one for each level of drift and data set; keys without condition and training size
  bool single = false;        // they are one table alone, which says the same
};
// Averages as the winners do, over the cells that every block has, so that both give the same numbers.
std::vector<Overview> overviews(std::span<const Group> groups);

// A line for each strategy, and for each level its accuracy, training joules and saving. No table if there is a single one
// anyway.
Section section_of(const Overview& overview);

}  // namespace tbft::results
