// What a run directory holds, read for a report.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "results/inputs.h"
#include "results/run_facts.h"

namespace tbft {

// Appends the rows of a cells.csv and what the journal beside it knows of their test images and diagnoses. `warn` is told of a
// torn last row, and of a journal that cannot be read: intervals are then over repetitions alone, the report is not lost.
// Joules and times of training of contended cells are emptied, unless `keep_contended`. Throws as results::read_cells().
void add_cells(const std::filesystem::path& cells, results::Inputs& inputs, const std::function<void(const std::string&)>& warn,
               bool keep_contended = false);

// The cells.csv of a run that was named by its directory or by that file. Throws UsageError where there is none.
std::filesystem::path cells_of(const std::filesystem::path& run);

// What the run.json in a run directory, or beside a cells.csv, says; nothing where there is none. Throws std::runtime_error for
// one that cannot be read.
std::optional<results::RunFacts> run_facts(const std::filesystem::path& run);

}  // namespace tbft
