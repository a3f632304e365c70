// Rows and reports as JSON. Unknown is null, numbers are numbers, invalid UTF-8 becomes the replacement character.
#pragma once

#include <string>

#include "results/schema.h"
#include "results/tables/summary.h"

namespace tbft::results {

// One object on one line without line end. Its keys are all columns of cells.csv in their order.
std::string json_row(const CellRow& row);

// {"step_cost": [rows], "operations": [rows]} on one line, with the columns of step_cost.csv and operations.csv.
std::string json_step_costs(const std::vector<StepCostRow>& rows, const std::vector<OperationRow>& operations);

// One object on one line: lines with measured and published numbers, missing levels, notes.
std::string json_headline(const Headline& headline);

// {"cells": [rows], "summary": [one object a table and strategy, the columns of the CSV report], "overview": [the same for
// means over conditions and training sizes], "block_noise": [one a matrix], "step_costs": [rows], "headlines": [one a protocol
// and board], "winners": [one a drift level]}; and "regrets": [one a protocol and board] where strategies that choose ran.
std::string render_json(const Inputs& inputs, const Summary& summary);

}  // namespace tbft::results
