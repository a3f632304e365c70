// What the columns of the CSV files mean. Each text stands beside its column in the table that writes and reads the file, so
// that `tbft columns` and docs/columns.md say what the files hold.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "results/csv_table.h"

namespace tbft::results {

struct ColumnText {
  std::string_view name, type;  // type: text, number or integer
  std::string_view unit;        // "J", "%"; empty for none
  std::string_view meaning;     // a sentence without its full stop
};

struct CsvText {
  std::string_view name;     // as `tbft columns` takes it
  std::string_view summary;  // which file it is, and what a row is
  std::vector<ColumnText> columns;
};

// All kinds of CSV that results/ writes: cells, meters, step_cost, operations, report, compare, measure.
std::vector<CsvText> csv_texts();

// Their columns, each defined beside its table.
std::vector<ColumnText> cell_column_texts();
std::vector<ColumnText> meter_column_texts();
std::vector<ColumnText> step_cost_column_texts();
std::vector<ColumnText> operation_column_texts();
std::vector<ColumnText> report_column_texts();
std::vector<ColumnText> compare_column_texts();

// A column with its text, for the tables of columns.
template <typename Row>
struct Documented {
  CsvColumn<Row> column;
  std::string_view unit, meaning;
};

template <typename Row, std::size_t n>
constexpr std::array<CsvColumn<Row>, n> columns_of(const std::array<Documented<Row>, n>& all) {
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<CsvColumn<Row>, n>{all[i].column...};
  }
  (std::make_index_sequence<n>());
}

template <typename Row, std::size_t n>
std::vector<ColumnText> texts_of(const std::array<Documented<Row>, n>& all) {
  const auto type_of = [](const CsvColumn<Row>& column) -> std::string_view {
    if (std::holds_alternative<std::string Row::*>(column.member)) return "text";
    return std::holds_alternative<std::optional<double> Row::*>(column.member) ? "number" : "integer";
  };
  std::vector<ColumnText> texts;
  texts.reserve(n);
  for (const auto& each : all) texts.push_back({each.column.name, type_of(each.column), each.unit, each.meaning});
  return texts;
}

}  // namespace tbft::results
