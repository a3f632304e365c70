// The data of some runs from which a report is made.
#pragma once

#include <vector>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/step_cost_csv.h"

namespace tbft::results {

struct Inputs {
  std::vector<CellRow> cells = {};  // of one or several runs, one after the other
  Correctness correctness = {};     // of those cells, where there is a journal
  std::vector<StepCostRow> step_costs = {};
  Levels levels = {};                // that the diagnoses of those cells named, where there is a journal
  std::vector<CellRow> meters = {};  // the same cells by further meters, where there is a meters.csv
};

}  // namespace tbft::results
