#include "results/step_cost_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "results/files.h"
#include "results/tables/group.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_bytes = std::size_t{4} << 20;  // a run has only a few rows

constexpr std::array<std::string_view, 2> variants{"tbft", "published-quirk"};
constexpr std::array<std::string_view, 5> strategies{"none", "bn-stats", "block1, block2, ...", "fc", "full"};

// Makes name and member from one token, so that they cannot differ.
#define COLUMN(Row, field) \
  CsvColumn<Row> {         \
#field, &Row::field    \
  }
const auto table = make_columns(
    COLUMN(StepCostRow, schema), COLUMN(StepCostRow, run_id), COLUMN(StepCostRow, started_utc), COLUMN(StepCostRow, host),
    COLUMN(StepCostRow, board), COLUMN(StepCostRow, pixels), COLUMN(StepCostRow, classes), COLUMN(StepCostRow, variant),
    COLUMN(StepCostRow, strategy), COLUMN(StepCostRow, steps), COLUMN(StepCostRow, rounds), COLUMN(StepCostRow, step_s),
    COLUMN(StepCostRow, step_s_low), COLUMN(StepCostRow, step_s_high), COLUMN(StepCostRow, gross_J),
    COLUMN(StepCostRow, U_gross_J), COLUMN(StepCostRow, idle_W), COLUMN(StepCostRow, net_J), COLUMN(StepCostRow, U_net_J),
    COLUMN(StepCostRow, saving_time_pct), COLUMN(StepCostRow, saving_time_low), COLUMN(StepCostRow, saving_time_high),
    COLUMN(StepCostRow, saving_gross_pct), COLUMN(StepCostRow, saving_net_pct), COLUMN(StepCostRow, paper_view_J),
    COLUMN(StepCostRow, macs), COLUMN(StepCostRow, saving_macs_pct), COLUMN(StepCostRow, peak_rss_MiB),
    COLUMN(StepCostRow, meter), COLUMN(StepCostRow, meter_scope), COLUMN(StepCostRow, measured), COLUMN(StepCostRow, threads),
    COLUMN(StepCostRow, backend), COLUMN(StepCostRow, layout), COLUMN(StepCostRow, tool_version),
    CsvColumn<StepCostRow>{"network", &StepCostRow::network, true});
const auto operations = make_columns(COLUMN(OperationRow, pixels), COLUMN(OperationRow, classes), COLUMN(OperationRow, variant),
                                     COLUMN(OperationRow, strategy), COLUMN(OperationRow, operation),
                                     COLUMN(OperationRow, seconds), COLUMN(OperationRow, share_pct));
#undef COLUMN

template <std::size_t n>
void check_one_of(const std::array<std::string_view, n>& known, std::string_view column, const std::string& value,
                  const CsvReader& reader) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  reader.fail(fmt::format("column {}: '{}' is none of {}", column, printable(value, 40), fmt::join(known, ", ")));
}

}  // namespace

std::span<const CsvColumn<StepCostRow>> step_cost_columns() {
  return table;
}

std::vector<StepCostRow> read_step_costs(const std::filesystem::path& path) {
  return parse_step_costs(read_file(path, max_bytes), path.string());
}

std::vector<StepCostRow> parse_step_costs(std::string_view content, const std::string& name) {
  return parse_whole(content, name, "step_cost.csv", step_cost_columns(), [](const StepCostRow& row, const CsvReader& reader) {
    if (row.schema && *row.schema > step_cost_schema)
      reader.fail(fmt::format("schema {}, this program reads up to {}", *row.schema, step_cost_schema));
    check_one_of(variants, "variant", row.variant, reader);
    if (!is_block(row.strategy)) check_one_of(strategies, "strategy", row.strategy, reader);
  });
}

void write_step_costs(const std::filesystem::path& path, std::span<const StepCostRow> rows) {
  write_file_atomically(path, csv_text(step_cost_columns(), rows));
}

std::span<const CsvColumn<OperationRow>> operation_columns() {
  return operations;
}

std::vector<OperationRow> read_operations(const std::filesystem::path& path) {
  return parse_whole(read_file(path, max_bytes), path.string(), "operations.csv", operation_columns(),
                     [](const OperationRow&, const CsvReader&) {});
}

void write_operations(const std::filesystem::path& path, std::span<const OperationRow> rows) {
  write_file_atomically(path, csv_text(operation_columns(), rows));
}

}  // namespace tbft::results
