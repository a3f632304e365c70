// Which test images each cell got right, as the journal of a run holds it: what intervals over test images are made from.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "results/schema.h"
#include "results/statistics.h"

namespace tbft::results {

// By run_id and cell_id: a cell_id alone is the same on every board.
using Correctness = std::map<std::pair<std::string, std::string>, ImageScores>;

// Adds what the journal of these rows' run says of them. A record counts only where it agrees with its row: as many test
// images, as many right (a cell that ran again and was killed before its row was replaced may differ). Only the last record of
// a cell counts; a last line without its end is a write that did not finish. Throws std::runtime_error with name and line for a
// line that is no record of a journal or hex digits that are not of n_test images (at most 1,000,000); std::system_error for a
// file that cannot be read. At most 256 MiB.
void read_correctness(const std::filesystem::path& journal, std::span<const CellRow> rows, Correctness& into);
// The same of a text already in memory; `name` stands in the messages.
void parse_correctness(std::string_view journal, const std::string& name, std::span<const CellRow> rows, Correctness& into);

// Null where it is not known.
ImageScores scores_of(const Correctness& correctness, const CellRow& row);

}  // namespace tbft::results
