// The rows of step_cost.csv (schema 1): the cost of one training step of one image by strategy; and those of operations.csv:
// the time of that step by operation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/csv_table.h"

namespace tbft::results {

inline constexpr std::int64_t step_cost_schema = 1;

// One strategy of one network: means over `rounds` rounds of `steps` steps; joules of one step. Empty means unknown.
struct StepCostRow {
  using Text = std::string;
  using Number = std::optional<double>;
  using Count = std::optional<std::int64_t>;

  Count schema = step_cost_schema;
  Text run_id, started_utc, host, board;
  Count pixels, classes;
  // tbft: only tuned parameters require a gradient. published-quirk: layers are chosen by substring, as in the paper's script.
  Text variant;
  Text strategy;  // none | bn-stats | block1 | block2 | ... | fc | full
  Count steps, rounds;
  Number step_s, step_s_low, step_s_high;                     // 95 % interval
  Number gross_J, U_gross_J, idle_W, net_J, U_net_J;          // U: expanded, k = 2
  Number saving_time_pct, saving_time_low, saving_time_high;  // of time, against full; 95 % interval
  Number saving_gross_pct, saving_net_pct;
  Number paper_view_J;  // step_s times the mean power of all strategies, because the paper's joules are time times a constant
  Number macs, saving_macs_pct;
  Number peak_rss_MiB;
  Text meter, meter_scope;
  Count measured;  // 1 measured, 0 estimate or replay
  Count threads;
  Text backend, layout, tool_version;
  Text network;  // displayed name, such as "ResNet-26"; files of earlier versions lack it
};

// The columns in the order of the file. Every column is always present.
std::span<const CsvColumn<StepCostRow>> step_cost_columns();

// Columns are found by name. A missing or repeated column, a value of the wrong kind, an unknown variant or strategy, a newer
// schema, a last line without its end (the file is only ever written whole) throws CsvError; a file that cannot be read
// std::system_error.
std::vector<StepCostRow> read_step_costs(const std::filesystem::path& path);
// The same for a text in memory; `name` appears in messages.
std::vector<StepCostRow> parse_step_costs(std::string_view content, const std::string& name);

// Writes all rows to a temporary name in the same folder, syncs and renames. Throws std::system_error with the path.
void write_step_costs(const std::filesystem::path& path, std::span<const StepCostRow> rows);

// Network and strategy are as in step_cost.csv. The operations of a strategy add up to its step.
struct OperationRow {
  std::optional<std::int64_t> pixels, classes;
  std::string variant, strategy, operation;
  std::optional<double> seconds;    // of one step, including the overhead of recording
  std::optional<double> share_pct;  // of the step
};

// The same for operations.csv.
std::span<const CsvColumn<OperationRow>> operation_columns();
std::vector<OperationRow> read_operations(const std::filesystem::path& path);
void write_operations(const std::filesystem::path& path, std::span<const OperationRow> rows);

}  // namespace tbft::results
