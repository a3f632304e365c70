// The report on a run: the paper's table from cells.csv alone, published numbers beside, and which block won.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/inputs.h"

namespace tbft::results {

enum class Format { text, md, csv, json, latex };
// Throws std::invalid_argument that lists the formats.
Format parse_format(std::string_view name);

// text, md: a table a (data set, drift, condition, training size): strategy rows with accuracy mean +- sd, n, net or gross
// training joules, saving % against full, the paper's number where one corresponds; Block Avg derived; the caption says when
// the joules are an estimate. Cells with noise in one block form the paper's matrix instead. Then step costs, the paper's
// headline recomputed, strategies that choose against the best in hindsight, and one line a drift level: which block won, and
// against what. csv: the tables of cells in long form.
// latex: booktabs, the paper's tables first.
// json: {"cells": [rows with the column names of cells.csv], "summary": [...], "block_noise": ..., "headlines": ...}.
std::string report(const Inputs& inputs, Format format);
std::string report(const std::vector<CellRow>& rows, Format format);  // of cells alone

}  // namespace tbft::results
