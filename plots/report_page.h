// The report on some runs as one HTML file.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"
#include "plots/page.h"
#include "results/inputs.h"
#include "results/power_curve.h"
#include "results/run_facts.h"

namespace tbft::plots {

// By the name that the user gave each run; empty for a run without run.json.
using NamedFacts = std::vector<std::pair<std::string, std::optional<results::RunFacts>>>;

// `notes` are warnings from reading the runs. Figures are drawn here; without gnuplot the page says so.
Page report_page(const FigureData& data, const NamedFacts& runs, std::vector<std::string> notes);

// The cells of a report and their power as JSON for its page:
// {"columns": [names], "usual": [names shown first], "reals": [names of measured numbers], "rows": [[values, null where
// unknown]], "traces": [per row: null or {"d": duration_s, "n": readings, "x": gaps, "tu": s per unit, "pu": W per unit, "b":
// [whole numbers, five a bucket], "p": [[phase, from_s, to_s]], "g": [[from_s, to_s]]}]}. `columns` omits columns that are
// empty or have the same value in every row. Measured numbers have 6 digits, of which the page shows four; cells.csv has all.
std::string cells_json(const results::Inputs& inputs, const results::PowerCurves& curves);

// The columns with the same value in every row, for the page's provenance.
std::vector<std::pair<std::string, std::string>> common_values(const results::Inputs& inputs);

}  // namespace tbft::plots
