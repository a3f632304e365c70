// The rows of operations.csv: the time of one training step by operation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/csv_table.h"

namespace tbft::results {

// Network and strategy are as in step_cost.csv. The operations of a strategy add up to its step.
struct OperationRow {
  std::optional<std::int64_t> pixels, classes;
  std::string variant, strategy, operation;
  std::optional<double> seconds;    // of one step, including the overhead of recording
  std::optional<double> share_pct;  // of the step
};

std::span<const CsvColumn<OperationRow>> operation_columns();
// Throws CsvError with the line, std::system_error for a file that cannot be read.
std::vector<OperationRow> read_operations(const std::filesystem::path& path);
// Writes all rows to a temporary name in the same folder, syncs and renames. Throws std::system_error with the path.
void write_operations(const std::filesystem::path& path, std::span<const OperationRow> rows);

}  // namespace tbft::results
