// Reads from a run's journal which test images each cell classified correctly, for intervals over test images, and which level
// of drift a cell's diagnosis named.
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

// By run_id and cell_id, because a cell_id is the same on every board.
using Correctness = std::map<std::pair<std::string, std::string>, ImageScores>;

// The levels that a diagnosis may name.
inline constexpr std::array<std::string_view, 6> level_names{"none", "input", "feature", "output", "mixture", "unsure"};

// The level that each cell's diagnosis named (one of level_names), by run_id and cell_id.
using Levels = std::map<std::pair<std::string, std::string>, std::string>;

// Adds the records of these rows' journal. A record counts only if it has as many test images and as many correct ones as its
// row; they may differ if a cell ran again and was killed before its row was replaced. Only the last record of a cell counts. A
// last line without a line end is ignored as an incomplete write. Throws std::runtime_error with name and line for a line that
// is not a journal record, hex digits that do not fit n_test images (at most 1,000,000) or a diagnosis outside level_names;
// std::system_error for a file that cannot be read. Reads at most 256 MiB.
void read_correctness(const std::filesystem::path& journal, std::span<const CellRow> rows, Correctness& into,
                      Levels* levels = nullptr);
// The same for a text in memory; `name` appears in messages.
void parse_correctness(std::string_view journal, const std::string& name, std::span<const CellRow> rows, Correctness& into,
                       Levels* levels = nullptr);

// Null where it is unknown.
ImageScores scores_of(const Correctness& correctness, const CellRow& row);

}  // namespace tbft::results
