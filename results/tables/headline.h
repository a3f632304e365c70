// The paper's two headline numbers, 15.30 points and 41.57 %, recomputed from measured cells in three views each
// (headline_views.h), next to the paper's own by the same code.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/tables/group.h"
#include "results/tables/headline_views.h"
#include "results/tables/section.h"
#include "results/tables/step_costs.h"

namespace tbft::results {

struct HeadlineLine {
  HeadlineView measured;
  HeadlineView paper;                  // computed by the same code over all three levels
  double paper_same_levels = unknown;  // over the measured levels only
  double printed = unknown;            // 15.30 or 41.57, as printed in the abstract
};
struct Headline {
  std::string protocol, board;
  std::vector<HeadlineLine> lines;
  std::vector<std::string> missing_levels;
  std::vector<std::string> notes;  // on data, stand-ins, picks, estimates and missing parts
};
// One headline for each protocol and board that has results of all four blocks at some drift level. At each level one data set
// counts: the paper's own, otherwise a stand-in made for it, otherwise the first by name; a note names the others. If a board
// has several step-cost runs, the last counts. A board with step costs only has a headline too.
std::vector<Headline> headlines(std::span<const Group> groups, std::span<const StepCostTable> step_costs);

Section section_of(const Headline& headline);

}  // namespace tbft::results
