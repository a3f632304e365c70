// The content of a report, before rendering.
#pragma once

#include <string>
#include <vector>

#include "results/inputs.h"
#include "results/tables/block_noise.h"
#include "results/tables/frontier.h"
#include "results/tables/headline.h"
#include "results/tables/meters_beside.h"
#include "results/tables/overview.h"
#include "results/tables/paper_rule.h"
#include "results/tables/regret.h"
#include "results/tables/step_costs.h"
#include "results/tables/table.h"
#include "results/tables/winner.h"

namespace tbft::results {

struct Summary {
  std::vector<Overview> overviews;
  std::vector<Frontier> frontiers;      // of sweeps over several points
  std::vector<Table> tables;            // one for each group, then means over conditions by training size
  std::vector<BlockNoise> block_noise;  // cells with noise in one block appear only here
  std::vector<MeterBeside> meters;      // that measured beside the first
  std::vector<StepCostTable> step_costs;
  std::vector<Headline> headlines;
  std::vector<Regret> regrets;
  std::vector<Winner> winners;
  std::vector<RuleCheck> rule;        // for several networks
  std::vector<std::string> failures;  // one line for each failed row, "failed: CELL: REASON"
  std::vector<std::string> invalid;   // one line for each row without valid energy, in the same form
};
Summary summarize(const Inputs& inputs);

// The tables of the long form: all tables, and the columns of block noise as tables.
std::vector<Table> all_tables(const Summary& summary);

}  // namespace tbft::results
