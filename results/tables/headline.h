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
  HeadlineView paper;                  // by the same code: all three levels
  double paper_same_levels = unknown;  // over the levels that were measured
  double printed = unknown;            // 15.30, 41.57: as the abstract has them
};
struct Headline {
  std::string protocol, board;
  std::vector<HeadlineLine> lines;
  std::vector<std::string> missing_levels;
  std::vector<std::string> notes;  // of which data, stand-ins, picks, estimates, what is missing
};
// One a protocol and board with results of all four blocks at some drift level. At each level one data set counts: the paper's
// own, else a stand-in made for it, else the first by name; others are named as left out. Of several step-cost runs of a board
// the last counts; a board with steps alone has a headline too.
std::vector<Headline> headlines(std::span<const Group> groups, std::span<const StepCostTable> step_costs);

Section section_of(const Headline& headline);

}  // namespace tbft::results
