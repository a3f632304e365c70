// What the columns of the CSV files are said to be.
#include "results/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "results/benchmark.h"
#include "results/comparison.h"
#include "results/report.h"
#include "results/schema.h"
#include "results/step_cost_csv.h"

namespace tbft::results {
namespace {

// The unit that a column's name ends with.
std::string unit_in(std::string_view name) {
  static const std::map<std::string, std::string> units{{"J", "J"},   {"W", "W"},     {"s", "s"},         {"pct", "%"},
                                                        {"hz", "Hz"}, {"MiB", "MiB"}, {"C", "degrees C"}, {"points", "points"}};
  const auto found = units.find(std::string(name.substr(name.rfind('_') + 1)));
  return found == units.end() ? "" : found->second;
}

TEST(Columns, EachHasAMeaningAndTheUnitOfItsName) {
  std::size_t columns = 0;
  for (const CsvText& file : csv_texts()) {
    std::set<std::string_view> names;
    for (const ColumnText& column : file.columns) {
      const std::string where = std::string(file.name) + "." + std::string(column.name);
      EXPECT_TRUE(names.insert(column.name).second) << where << " is there twice";
      EXPECT_GT(column.meaning.size(), 5U) << where;
      EXPECT_FALSE(column.meaning.ends_with('.')) << where;
      if (const auto unit = unit_in(column.name); !unit.empty()) {
        EXPECT_EQ(column.unit, unit) << where;
      }
      ++columns;
    }
  }
  EXPECT_GT(columns, 150U);
}

// The files have the columns that are explained, in their order.
TEST(Columns, AreThoseOfTheFiles) {
  std::map<std::string, std::string> headers;
  for (const CsvText& file : csv_texts())
    for (const ColumnText& column : file.columns) headers[std::string(file.name)] += std::string(column.name) + ",";
  EXPECT_EQ(headers.at("cells"), csv_header(columns()) + ",");
  EXPECT_EQ(headers.at("step_cost"), csv_header(step_cost_columns()) + ",");
  EXPECT_EQ(headers.at("operations"), csv_header(operation_columns()) + ",");
  const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  EXPECT_EQ(headers.at("report"), first_line(report({}, Format::csv)) + ",");
  EXPECT_EQ(headers.at("compare"), first_line(render_csv({})) + ",");
  EXPECT_EQ(headers.at("measure"), first_line(to_csv(Benchmark{})) + ",");
}

TEST(Columns, TypesAreThoseOfTheValues) {
  std::map<std::string_view, std::string_view> types;
  for (const ColumnText& column : cell_column_texts()) types[column.name] = column.type;
  EXPECT_EQ(types.at("strategy"), "text");
  EXPECT_EQ(types.at("gross_J"), "number");
  EXPECT_EQ(types.at("repetition"), "integer");
}

}  // namespace
}  // namespace tbft::results
