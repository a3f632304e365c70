// One cell: trained, tested, timed. With or without a power monitor beside it.
#pragma once

#include <string>
#include <variant>

#include "harness/experiment/cell_observer.h"
#include "harness/experiment/row.h"
#include "harness/sweep/run_setup.h"
#include "harness/sweep/runner.h"

namespace tbft {

// How a cell is trained, or why it cannot be.
using CellWay = std::variant<TrainSettings, std::string>;
// Searches what is not known yet; throws Interrupted.
CellWay way_of(RunSetup& setup, const Cell& cell);

// Trains and tests the cell; what fails is in the outcome. Throws Interrupted.
CellMeasurement run_cell(RunSetup& setup, const Cell& cell, const CellWay& way, CellObserver& observer);

void count(const results::CellRow& row, RunOutcome& outcome);
// "input/fog-3 10 % fc #0: 84.10 %, 12.0 J, 3.1 s", for people.
std::string outcome_text(const Cell& cell, const results::CellRow& row);

}  // namespace tbft
