#include "results/step_cost_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "results/files.h"

namespace tbft::results {

namespace {

constexpr std::size_t max_bytes = std::size_t{4} << 20;  // a run has only a few rows

constexpr std::array<std::string_view, 2> variants{"tbft", "published-quirk"};
constexpr std::array<std::string_view, 7> strategies{"none", "bn-stats", "block1", "block2", "block3", "fc", "full"};

// The macro makes name and member from one token, so that they cannot differ.
// clang-format off
#define TBFT_COLUMN(field) CsvColumn<StepCostRow>{#field, &StepCostRow::field}
const std::array table{
    TBFT_COLUMN(schema),
    TBFT_COLUMN(run_id),
    TBFT_COLUMN(started_utc),
    TBFT_COLUMN(host),
    TBFT_COLUMN(board),
    TBFT_COLUMN(pixels),
    TBFT_COLUMN(classes),
    TBFT_COLUMN(variant),
    TBFT_COLUMN(strategy),
    TBFT_COLUMN(steps),
    TBFT_COLUMN(rounds),
    TBFT_COLUMN(step_s),
    TBFT_COLUMN(step_s_low),
    TBFT_COLUMN(step_s_high),
    TBFT_COLUMN(gross_J),
    TBFT_COLUMN(U_gross_J),
    TBFT_COLUMN(idle_W),
    TBFT_COLUMN(net_J),
    TBFT_COLUMN(U_net_J),
    TBFT_COLUMN(saving_time_pct),
    TBFT_COLUMN(saving_time_low),
    TBFT_COLUMN(saving_time_high),
    TBFT_COLUMN(saving_gross_pct),
    TBFT_COLUMN(saving_net_pct),
    TBFT_COLUMN(paper_view_J),
    TBFT_COLUMN(macs),
    TBFT_COLUMN(saving_macs_pct),
    TBFT_COLUMN(peak_rss_MiB),
    TBFT_COLUMN(meter),
    TBFT_COLUMN(meter_scope),
    TBFT_COLUMN(measured),
    TBFT_COLUMN(threads),
    TBFT_COLUMN(backend),
    TBFT_COLUMN(layout),
    TBFT_COLUMN(tool_version),
};
#undef TBFT_COLUMN
// clang-format on

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
  CsvReader reader(content, name);
  const auto header = reader.next();
  if (!header) reader.fail("no header: this is not a step_cost.csv");
  const CsvRows<StepCostRow> rows(step_cost_columns(), *header, reader);
  std::vector<StepCostRow> result;
  while (const auto fields = reader.next()) {
    StepCostRow row = rows.parse(*fields, reader);
    if (row.schema && *row.schema > step_cost_schema)
      reader.fail(fmt::format("schema {}, this program reads up to {}", *row.schema, step_cost_schema));
    check_one_of(variants, "variant", row.variant, reader);
    check_one_of(strategies, "strategy", row.strategy, reader);
    result.push_back(std::move(row));
  }
  if (!reader.tail().empty())
    throw CsvError(fmt::format("{}: the last line has no end, so the file is not whole; copy it again", name));
  return result;
}

void write_step_costs(const std::filesystem::path& path, std::span<const StepCostRow> rows) {
  std::string content = csv_header(step_cost_columns()) + '\n';
  for (const StepCostRow& row : rows) content += csv_line(step_cost_columns(), row) + '\n';
  write_file_atomically(path, content);
}

}  // namespace tbft::results
