#include "results/step_cost_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/results/sample.h"

namespace tbft::results {
namespace {

using tbft::test::write_file;
using test::content;
using test::TemporaryFolder;
using testing::HasSubstr;

StepCostRow full_row() {
  StepCostRow row;
  double next = 0.1;
  for (const auto& column : step_cost_columns()) {
    next += 1;
    if (const auto* text = std::get_if<StepCostRow::Text StepCostRow::*>(&column.member)) {
      row.*(*text) = std::string(column.name) + ", \"quoted\"\n";
    } else if (const auto* number = std::get_if<StepCostRow::Number StepCostRow::*>(&column.member)) {
      row.*(*number) = next / 3;
    } else {
      row.*std::get<StepCostRow::Count StepCostRow::*>(column.member) = static_cast<std::int64_t>(next);
    }
  }
  row.schema = step_cost_schema;
  row.variant = "published-quirk";
  row.strategy = "block3";
  return row;
}

std::string error_of(const std::string& text) {
  try {
    parse_step_costs(text, "step_cost.csv");
  } catch (const CsvError& error) {
    return error.what();
  }
  return "no error";
}

// Another program writes these files: a change here is a new schema.
TEST(StepCost, HeaderIsConstant) {
  EXPECT_EQ(csv_header(step_cost_columns()),
            "schema,run_id,started_utc,host,board,pixels,classes,variant,strategy,steps,rounds,step_s,step_s_low,step_s_high,"
            "gross_J,U_gross_J,idle_W,net_J,U_net_J,saving_time_pct,saving_time_low,saving_time_high,saving_gross_pct,"
            "saving_net_pct,paper_view_J,macs,saving_macs_pct,peak_rss_MiB,meter,meter_scope,measured,threads,backend,layout,"
            "tool_version,network");
}

TEST(StepCost, EveryColumnComesBackAsItWas) {
  const TemporaryFolder folder;
  StepCostRow empty;
  empty.variant = "tbft";
  empty.strategy = "full";
  const std::vector<StepCostRow> rows{full_row(), empty};
  write_file(folder / "step_cost.csv", "old");
  write_step_costs(folder / "step_cost.csv", rows);
  const auto read = read_step_costs(folder / "step_cost.csv");
  ASSERT_EQ(read.size(), 2U);
  for (const auto& column : step_cost_columns()) {
    for (const std::size_t i : {0U, 1U})
      std::visit([&](auto member) { EXPECT_EQ(read[i].*member, rows[i].*member) << column.name; }, column.member);
  }
}

TEST(StepCost, ErrorsSayFileLineAndColumn) {
  const std::string header = csv_header(step_cost_columns()) + "\n";
  const auto with = [&](const std::function<void(StepCostRow&)>& change) {
    StepCostRow row = full_row();
    row.run_id = row.host = "one line";
    row.started_utc = row.board = row.meter = row.meter_scope = row.backend = row.layout = row.tool_version = "";
    change(row);
    return header + csv_line(step_cost_columns(), row) + "\n";
  };
  EXPECT_EQ(error_of(header), "no error");
  EXPECT_EQ(error_of(with([](StepCostRow&) {})), "no error");
  EXPECT_THAT(error_of(""), HasSubstr("no header"));
  EXPECT_THAT(error_of("schema,run_id\n"), HasSubstr("step_cost.csv:1: column started_utc is missing"));
  EXPECT_THAT(error_of(header + "1,2\n"), HasSubstr("step_cost.csv:2: 2 fields, the header has 36"));
  EXPECT_THAT(error_of(with([](StepCostRow& row) { row.schema = 2; })), HasSubstr("schema 2, this program reads up to 1"));
  EXPECT_THAT(error_of(with([](StepCostRow& row) { row.variant = "other"; })),
              HasSubstr("step_cost.csv:2: column variant: 'other' is none of tbft, published-quirk"));
  EXPECT_THAT(error_of(with([](StepCostRow& row) { row.strategy = "block0"; })), HasSubstr("column strategy: 'block0'"));
  const std::string whole = with([](StepCostRow&) {});
  EXPECT_THAT(error_of(whole.substr(0, whole.size() - 1)), HasSubstr("not whole"));
}

}  // namespace
}  // namespace tbft::results
