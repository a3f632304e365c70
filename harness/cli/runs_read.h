// Reads run directories for report, compare and plot.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plots/report_page.h"
#include "results/inputs.h"
#include "results/power_curve.h"

namespace tbft::cli {

struct RunsRead {
  results::Inputs inputs;
  plots::NamedFacts facts;
  results::PowerCurves curves;
  std::vector<std::string> warnings;  // already on stderr
};

// The files that read_runs() may read.
std::vector<std::filesystem::path> files_of_runs(const std::vector<std::string>& names);

// Each name is a run directory, its cells.csv or its step_cost.csv. `curves`: also read the traces. `keep_contended`: as in
// add_cells(). Throws UsageError for any other name, std::runtime_error for a run without rows.
RunsRead read_runs(const std::vector<std::string>& names, bool curves, bool keep_contended = false);

}  // namespace tbft::cli
