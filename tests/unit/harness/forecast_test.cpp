// What a dry run expects of the cells that are left, from the rows of the run so far.
#include "harness/sweep/forecast.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/csv.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using testing::HasSubstr;

class ForecastFromRows : public testing::Test {
 protected:
  ForecastFromRows() : cells_(4) {
    for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i].id = std::to_string(i);
  }
  void append(const char* cell, std::optional<double> gross_J, std::optional<std::int64_t> measured) {
    results::CellRow row;
    row.cell_id = cell;
    row.status = "ok";
    row.duration_s = 60;
    row.gross_J = gross_J;
    row.measured = measured;
    results::append_cell(csv_, row);
  }
  Forecast forecast() const { return forecast_from_rows(csv_, cells_, 5); }

  test::TemporaryFolder folder_;
  std::filesystem::path csv_ = folder_.path() / "cells.csv";
  std::vector<Cell> cells_;
};

TEST_F(ForecastFromRows, IsUnknownWithoutARow) {
  EXPECT_THAT(to_text(forecast()), HasSubstr("unknown: the run has no row yet"));
  EXPECT_TRUE(to_json(forecast()).contains("unknown"));
}

TEST_F(ForecastFromRows, IsTheMeanOfThoseThatAreDone) {
  append("0", 100, 1);
  append("1", 200, 1);
  EXPECT_EQ(forecast().cells, 2);
  EXPECT_DOUBLE_EQ(forecast().seconds, 2 * 65.0);
  EXPECT_DOUBLE_EQ(forecast().joules, 300);
  EXPECT_TRUE(forecast().measured);
  EXPECT_THAT(to_text(forecast()), HasSubstr("for 2 cells, from the rows so far; about 300 J gross"));
}

TEST_F(ForecastFromRows, OneEstimateMakesItAnEstimate) {
  append("0", 100, 1);
  append("1", 200, 0);
  EXPECT_FALSE(forecast().measured);
  EXPECT_THAT(to_text(forecast()), HasSubstr("(not measured)"));
}

TEST_F(ForecastFromRows, WithoutJoulesNothingIsMeasured) {
  append("0", std::nullopt, std::nullopt);  // as --jobs leaves it
  EXPECT_TRUE(std::isnan(forecast().joules));
  EXPECT_FALSE(forecast().measured);
  EXPECT_THAT(to_text(forecast()), HasSubstr("joules unknown"));
}

}  // namespace
}  // namespace tbft
