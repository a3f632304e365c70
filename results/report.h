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

// Whether text and Markdown also have the tables of single conditions that a mean stands for. The other formats are complete.
enum class Detail { means, all };

// text, md: first the summary: each strategy at each drift level, the best block of each level, and whether full or bn-stats is
// better or cheaper. Then a table for each (data set, drift, condition, training size). Its rows are strategies with accuracy
// mean +- sd, n, net or gross training joules, saving % against full, epochs, and the paper's number where one corresponds.
// Block Avg is derived. The caption says if the joules are an estimate. Cells with noise in one block form the paper's matrix
// instead. Then follow step costs, the paper's headline recomputed, the table of regrets, and last for each drift level the
// joules of the best block against full. csv: the tables of cells in long form. latex: booktabs, with the paper's tables first.
// json: {"cells": [rows with the column names of cells.csv], "summary": [...], "block_noise": ..., "headlines": ...}.
// `layout`: of the text.
std::string report(const Inputs& inputs, Format format, const Layout& layout = {}, Detail detail = Detail::means);

// The sections in the order of the report; empty ones are left out. Titles are unique. Tables of single conditions that a mean
// stands for are marked as details.
std::vector<Section> sections_of(const Summary& summary);

// The paper's tables first (accuracy and saving by training size), then all sections.
std::string render_latex(const Summary& summary);

}  // namespace tbft::results
