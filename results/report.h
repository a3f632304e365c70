// The report on runs: the paper's tables from cells.csv, the published numbers beside them, and the winning blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/inputs.h"
#include "results/tables/section.h"
#include "results/tables/summary.h"

namespace tbft::results {

enum class Format { text, md, csv, json, latex };
// Throws std::invalid_argument that lists the formats.
Format parse_format(std::string_view name);

// text, md: a table for each (data set, drift, condition, training size). Its rows are strategies with accuracy mean +- sd, n,
// net or gross training joules, saving % against full, and the paper's number where one corresponds. Block Avg is derived. The
// caption says if the joules are an estimate. Cells with noise in one block form the paper's matrix instead. Then follow step
// costs, the paper's headline recomputed, the table of regrets, and for each drift level one line with the winning block. csv:
// the tables of cells in long form. latex: booktabs, with the paper's tables first. json: {"cells": [rows with the column names
// of cells.csv], "summary": [...], "block_noise": ..., "headlines": ...}.
// `layout`: of the text.
std::string report(const Inputs& inputs, Format format, const Layout& layout = {});

// The sections in the order of the report; empty ones are left out.
std::vector<Section> sections_of(const Summary& summary);

// The paper's tables first (accuracy and saving by training size), then all sections.
std::string render_latex(const Summary& summary);

}  // namespace tbft::results
