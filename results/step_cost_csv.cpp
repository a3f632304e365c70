#include "results/step_cost_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "results/columns.h"
#include "results/files.h"
#include "results/tables/group.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_bytes = std::size_t{4} << 20;  // a run has only a few rows

constexpr std::array<std::string_view, 2> variants{"tbft", "published-quirk"};
constexpr std::array<std::string_view, 5> strategies{"none", "bn-stats", "block1, block2, ...", "fc", "full"};

// Makes name and member from one token, so that they cannot differ. After them: the unit and the meaning.
#define COLUMN(Row, field, unit, meaning)              \
  Documented<Row> {                                    \
    CsvColumn<Row>{#field, &Row::field}, unit, meaning \
  }
#define COLUMN_LATER(Row, field, unit, meaning)              \
  Documented<Row> {                                          \
    CsvColumn<Row>{#field, &Row::field, true}, unit, meaning \
  }
constexpr std::array documented{
    COLUMN(StepCostRow, schema, "", "Version of the columns, now 1"),
    COLUMN(StepCostRow, run_id, "", "Name of the measurement, with its time"),
    COLUMN(StepCostRow, started_utc, "", "When the measurement began, in UTC"),
    COLUMN(StepCostRow, host, "", "Name of the machine"),
    COLUMN(StepCostRow, board, "", "Model of the board"),
    COLUMN(StepCostRow, pixels, "px", "Side of the image"),
    COLUMN(StepCostRow, classes, "", "Number of classes"),
    COLUMN(StepCostRow, variant, "", "tbft, or published-quirk: layers chosen by substring, as in the paper's script"),
    COLUMN(StepCostRow, strategy, "", "Fine-tuning strategy"),
    COLUMN(StepCostRow, steps, "", "Steps in one round"),
    COLUMN(StepCostRow, rounds, "", "Rounds that were measured"),
    COLUMN(StepCostRow, step_s, "s", "Duration of one step, a mean over the rounds"),
    COLUMN(StepCostRow, step_s_low, "s", "Lower end of its 95 % interval"),
    COLUMN(StepCostRow, step_s_high, "s", "Upper end of its 95 % interval"),
    COLUMN(StepCostRow, gross_J, "J", "Energy of one step"),
    COLUMN(StepCostRow, U_gross_J, "J", "Expanded uncertainty (k = 2) of gross_J; empty if the meter states no accuracy"),
    COLUMN(StepCostRow, idle_W, "W", "Mean power of the idle windows before and after"),
    COLUMN(StepCostRow, net_J, "J", "Energy of one step above idle"),
    COLUMN(StepCostRow, U_net_J, "J", "Expanded uncertainty (k = 2) of net_J; empty if the meter states no accuracy"),
    COLUMN(StepCostRow, saving_time_pct, "%", "Time saved against full, paired by round"),
    COLUMN(StepCostRow, saving_time_low, "%", "Lower end of its 95 % interval"),
    COLUMN(StepCostRow, saving_time_high, "%", "Upper end of its 95 % interval"),
    COLUMN(StepCostRow, saving_gross_pct, "%", "Gross energy saved against full"),
    COLUMN(StepCostRow, saving_net_pct, "%", "Net energy saved against full"),
    COLUMN(StepCostRow, paper_view_J, "J",
           "step_s times the mean power of all strategies, which is how the paper forms joules"),
    COLUMN(StepCostRow, macs, "", "Multiply-accumulate operations of one step, by the cost model"),
    COLUMN(StepCostRow, saving_macs_pct, "%", "Multiply-accumulate operations saved against full"),
    COLUMN(StepCostRow, peak_rss_MiB, "MiB", "Highest memory of the program"),
    COLUMN(StepCostRow, meter, "", "URI of the meter"),
    COLUMN(StepCostRow, meter_scope, "", "What the meter covers: board, package, rail or battery"),
    COLUMN(StepCostRow, measured, "", "1 for a measurement, 0 for an estimate or a replay"),
    COLUMN(StepCostRow, threads, "", "Threads of the network's operations"),
    COLUMN(StepCostRow, backend, "", "What runs convolutions, and on x86-64 linear layers of a ViT: onednn or native"),
    COLUMN(StepCostRow, layout, "", "Layout of activations: channels_last or contiguous"),
    COLUMN(StepCostRow, tool_version, "", "Version of tbft, with the commit"),
    COLUMN_LATER(StepCostRow, network, "", "Name of the network, such as ResNet-26")};
constexpr std::array documented_operations{
    COLUMN(OperationRow, pixels, "px", "Side of the image"),
    COLUMN(OperationRow, classes, "", "Number of classes"),
    COLUMN(OperationRow, variant, "", "As in step_cost.csv"),
    COLUMN(OperationRow, strategy, "", "Fine-tuning strategy"),
    COLUMN(OperationRow, operation, "",
           "forward, input-gradient, weight-gradient, batchnorm-forward, batchnorm-backward, optimiser, elementwise (ReLU, "
           "add, pool, loss) or overhead"),
    COLUMN(OperationRow, seconds, "s", "Time of the operation in one step, including the overhead of recording"),
    COLUMN(OperationRow, share_pct, "%", "Its part of the step")};
#undef COLUMN
#undef COLUMN_LATER
constexpr auto table = columns_of(documented);
constexpr auto operations = columns_of(documented_operations);

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

std::vector<ColumnText> step_cost_column_texts() {
  return texts_of(documented);
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

std::vector<ColumnText> operation_column_texts() {
  return texts_of(documented_operations);
}

std::vector<OperationRow> read_operations(const std::filesystem::path& path) {
  return parse_whole(read_file(path, max_bytes), path.string(), "operations.csv", operation_columns(),
                     [](const OperationRow&, const CsvReader&) {});
}

void write_operations(const std::filesystem::path& path, std::span<const OperationRow> rows) {
  write_file_atomically(path, csv_text(operation_columns(), rows));
}

}  // namespace tbft::results
