// All that a report says, before it is given a form.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/inputs.h"
#include "results/tables/block_noise.h"
#include "results/tables/headline.h"
#include "results/tables/regret.h"
#include "results/tables/step_costs.h"
#include "results/tables/table.h"
#include "results/tables/winner.h"

namespace tbft::results {

struct Summary {
  std::vector<Table> tables;  // one a group; then, where a data set has several conditions, their mean by training size
  std::vector<BlockNoise> block_noise;  // cells with noise in one block stand here alone
  std::vector<StepCostTable> step_costs;
  std::vector<Headline> headlines;
  std::vector<Regret> regrets;
  std::vector<Winner> winners;
  std::vector<std::string> failures;  // one line a failed row, "failed: WHICH CELL: REASON"
  std::vector<std::string> invalid;   // one line a row without valid energy, in the same form
};
Summary summarize(const Inputs& inputs);
Summary summarize(std::vector<CellRow> rows);  // without test images and step costs

// The tables, and those of block noise column by column: what the long form holds.
std::vector<Table> all_tables(const Summary& summary);

}  // namespace tbft::results
