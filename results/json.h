// Rows and reports as JSON. Unknown is null, numbers are numbers, bytes that are no UTF-8 become the replacement character.
#pragma once

#include <span>
#include <string>

#include "results/schema.h"
#include "results/tables/summary.h"

namespace tbft::results {

// One object on one line without line end; its keys are the columns of cells.csv, all of them, in their order.
std::string json_row(const CellRow& row);

// {"cells": [rows], "summary": [one object a table and strategy, the columns of the CSV report], "winners": [one a drift
// level]}.
std::string render_json(std::span<const CellRow> rows, const Summary& summary);

}  // namespace tbft::results
