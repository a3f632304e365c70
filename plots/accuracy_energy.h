// Accuracy against training joules, a point a strategy, as a self-contained gnuplot script.
#pragma once

#include <string>
#include <vector>

#include "results/schema.h"

namespace tbft::plots {

// One panel a table of the report (data set, drift, condition, training size) with error bars: standard deviation of the
// accuracy, expanded uncertainty (k = 2) of the joules where it is known. Strategies without joules (none) are a dashed line at
// their accuracy. Titles say when the joules are no measurement. `gnuplot SCRIPT` writes SVG to stdout. Throws
// std::invalid_argument where no row has an accuracy.
std::string accuracy_energy_script(const std::vector<results::CellRow>& rows);

}  // namespace tbft::plots
