// What a run directory holds, read for a report.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "results/inputs.h"

namespace tbft {

// Appends the rows of a cells.csv and what the journal beside it knows of their test images. `warn` is told of a torn last row,
// and of a journal that cannot be read: intervals are then over repetitions alone, the report is not lost. Throws as
// results::read_cells().
void add_cells(const std::filesystem::path& cells, results::Inputs& inputs,
               const std::function<void(const std::string&)>& warn);

}  // namespace tbft
