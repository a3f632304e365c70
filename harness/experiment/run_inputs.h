// Reads the contents of a run directory for a report.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "results/inputs.h"
#include "results/run_facts.h"

namespace tbft {

// Appends the rows of a cells.csv, and the test images and diagnoses that the journal beside it records for them. Calls `warn`
// for an incomplete last row, and for a journal that cannot be read: the report then continues with intervals over repetitions
// only. Unless `keep_contended`, empties the joules and times of training of contended cells. Throws as results::read_cells().
void add_cells(const std::filesystem::path& cells, results::Inputs& inputs, const std::function<void(const std::string&)>& warn,
               bool keep_contended = false);

// The cells.csv of a run, which is named by its directory or by that file. Throws UsageError if it does not exist.
std::filesystem::path cells_of(const std::filesystem::path& run);

// Reads the run.json in a run directory, or beside a cells.csv; returns nothing if there is none. Throws std::runtime_error if
// it cannot be read.
std::optional<results::RunFacts> run_facts(const std::filesystem::path& run);

}  // namespace tbft
