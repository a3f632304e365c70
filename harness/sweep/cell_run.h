// Trains, tests and times one cell, with or without a power monitor.
#pragma once

#include <string>
#include <variant>

#include "harness/experiment/cell_observer.h"
#include "harness/experiment/row.h"
#include "harness/sweep/run_setup.h"
#include "harness/sweep/runner.h"

namespace tbft {

// The settings of a cell's training, or the reason why it cannot be trained.
using ResolvedSettings = std::variant<TrainSettings, std::string>;
// Makes the cell's settings; searches the noise and the learning rate if they are not known yet. Throws Interrupted.
ResolvedSettings resolve_settings(RunSetup& setup, const Cell& cell);

// Trains and tests the cell. An error is recorded in the outcome. Throws Interrupted.
CellMeasurement run_cell(RunSetup& setup, const Cell& cell, const ResolvedSettings& resolved, CellObserver& observer);

void count(const results::CellRow& row, RunOutcome& outcome);
// For example "input/fog-3 10 % fc #0: 84.10 %, 12.0 J, 3.1 s".
std::string outcome_text(const Cell& cell, const results::CellRow& row);

}  // namespace tbft
