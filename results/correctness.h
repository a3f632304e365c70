// Which test images each cell got right, as the journal of a run holds it: what intervals over test images are made from. And
// which level of drift a cell's strategy named, where it diagnosed one.
#pragma once

#include <array>
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

// The levels that a diagnosis may name.
inline constexpr std::array<std::string_view, 6> level_names{"none", "input", "feature", "output", "mixture", "unsure"};

// The level that each cell's diagnosis named, one of level_names, by run_id and cell_id.
using Levels = std::map<std::pair<std::string, std::string>, std::string>;

// Adds what the journal of these rows' run says of them. A record counts only where it agrees with its row: as many test
// images, as many right (a cell that ran again and was killed before its row was replaced may differ). Only the last record of
// a cell counts; a last line without its end is a write that did not finish. Throws std::runtime_error with name and line for a
// line that is no record of a journal, hex digits that are not of n_test images (at most 1,000,000) or a diagnosis without one
// of level_names; std::system_error for a file that cannot be read. At most 256 MiB.
void read_correctness(const std::filesystem::path& journal, std::span<const CellRow> rows, Correctness& into,
                      Levels* levels = nullptr);
// The same of a text already in memory; `name` stands in the messages.
void parse_correctness(std::string_view journal, const std::string& name, std::span<const CellRow> rows, Correctness& into,
                       Levels* levels = nullptr);

// Null where it is not known.
ImageScores scores_of(const Correctness& correctness, const CellRow& row);

}  // namespace tbft::results
