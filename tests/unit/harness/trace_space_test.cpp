#include "harness/experiment/trace_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "results/csv.h"
#include "tbft/power/registry.h"
#include "tests/support/fake_meter.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using power::testing::FunctionMeter;
using power::testing::simple_meter;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uintmax_t GB = 1'000'000'000;

TEST(TraceSpace, RowsComeAtTheIntervalOrAtThePaceOfTheConverter) {
  const FunctionMeter asked(simple_meter(0.1), [](power::TimeNs) { return 1.0; });
  EXPECT_DOUBLE_EQ(trace_rows_per_s(asked, 0), 10);
  EXPECT_DOUBLE_EQ(trace_rows_per_s(asked, 0.5), 2);
  auto info = simple_meter(0.001);
  info.paces_itself = true;
  const FunctionMeter converter(info, [](power::TimeNs) { return 1.0; });
  EXPECT_DOUBLE_EQ(trace_rows_per_s(converter, 0.5), 1000);
}

TEST(TraceSpace, TheSizeIsToldByTheHourAndForTheCellsThatAreLeft) {
  EXPECT_THAT(trace_size_text({.rows_per_s = 940}),
              AllOf(HasSubstr("about 203 MB an hour"), HasSubstr("940 readings a second")));
  EXPECT_THAT(trace_size_text({.rows_per_s = 940, .seconds = 7200}), AllOf(HasSubstr("406 MB"), HasSubstr("2 h 00 min")));
  EXPECT_THAT(trace_size_text({.rows_per_s = 940, .cells_only = true}), HasSubstr("at most 203 MB"));
  EXPECT_THAT(trace_size_text({.rows_per_s = 940, .seconds = 0}), HasSubstr("no cell is left"));
}

TEST(TraceSpace, ADiskThatIsTooSmallIsAWarningOrAProblem) {
  const TracePlan fast{.rows_per_s = 940};
  EXPECT_EQ(check_space("/runs", 10 * GB, fast).health, Health::ok);
  const Check tight = check_space("/runs", GB / 2, fast);
  EXPECT_EQ(tight.health, Health::warning);
  EXPECT_THAT(tight.detail, AllOf(HasSubstr("500 MB free"), HasSubstr("room for 2 h 27 min"), HasSubstr("203 MB an hour")));
  EXPECT_THAT(tight.fix, AllOf(HasSubstr("--trace cells"), HasSubstr("--trace off"), HasSubstr("meter.interval_s")));
  EXPECT_EQ(check_space("/runs", GB / 100, fast).health, Health::problem);
  EXPECT_EQ(check_space("/runs", GB / 100, {.rows_per_s = 2}).health, Health::ok) << "a slow meter";
  EXPECT_EQ(check_space("/runs", 0, {}).health, Health::ok) << "nothing is known to be written";
}

TEST(TraceSpace, WhatTheRowsSoFarLetExpectMustFit) {
  const TracePlan ten_days{.rows_per_s = 940, .seconds = 864'000};
  EXPECT_EQ(check_space("/runs", 10 * GB, ten_days).health, Health::problem);
  EXPECT_EQ(check_space("/runs", 100 * GB, ten_days).health, Health::ok);
  const TracePlan cells_only{.rows_per_s = 940, .seconds = 864'000, .cells_only = true};
  EXPECT_EQ(check_space("/runs", 10 * GB, cells_only).health, Health::warning) << "it takes less than that";
  const TracePlan a_minute{.rows_per_s = 940, .seconds = 60};
  EXPECT_EQ(check_space("/runs", GB / 100, a_minute).health, Health::ok) << "all that is left fits";
}

TEST(TraceSpace, TheTimeThatIsLeftIsThatOfCellsWithoutARow) {
  const test::TemporaryFolder folder;
  const auto csv = folder.path() / "cells.csv";
  std::vector<Cell> cells(4);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].id = std::to_string(i);
  EXPECT_FALSE(seconds_left(csv, cells, 5));
  results::CellRow row;
  row.cell_id = "2";
  row.status = "failed";
  row.duration_s = 1000;
  results::append_cell(csv, row);
  EXPECT_FALSE(seconds_left(csv, cells, 5)) << "no cell has ended well";
  row.cell_id = "1";
  row.status = "ok";
  row.duration_s = 60;
  results::append_cell(csv, row);
  ASSERT_TRUE(seconds_left(csv, cells, 5));
  EXPECT_DOUBLE_EQ(*seconds_left(csv, cells, 5), 3 * 65.0);
  EXPECT_DOUBLE_EQ(*seconds_left(csv, cells, -1), 3 * 60.0);
}

TEST(TraceSpace, TheRoomIsThatOfTheFileSystemEvenWhereTheFolderIsNotMadeYet) {
  const test::TemporaryFolder folder;
  const auto here = static_cast<double>(free_bytes(folder.path()));
  EXPECT_NEAR(static_cast<double>(free_bytes(folder.path() / "runs" / "first")), here, 0.2 * here);
}

}  // namespace
}  // namespace tbft
