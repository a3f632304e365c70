// What is known about some runs: all that a report is made from.
#pragma once

#include <vector>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/step_cost_csv.h"

namespace tbft::results {

struct Inputs {
  std::vector<CellRow> cells;  // of one or several runs, one after the other
  Correctness correctness;     // of those cells, where a journal tells it
  std::vector<StepCostRow> step_costs;
  Levels levels = {};  // that diagnoses of those cells named, where a journal tells it
};

}  // namespace tbft::results
