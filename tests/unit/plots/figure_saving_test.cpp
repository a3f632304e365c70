// Savings, and published against measured numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/style.h"
#include "tests/unit/plots/figure_sample.h"

namespace tbft::plots {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Figures, SavingsHaveTheSpreadOfTheRepetitions) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "fc") cell.train_gross_J = cell.repetition == 0 ? 100 : 200;
    if (cell.strategy == "full") cell.train_gross_J = 1000;
  }
  // 90 and 80 %: a standard deviation of 7.07 points around 85.
  EXPECT_THAT(scripts(one(cells, "saving")),
              testing::ContainsRegex("EOD\n85 3 77\\.92893218813[0-9]* 92\\.0710678118[0-9]*\nEOD"));
}

TEST(Figures, SavingsOverConditionsHaveTheSpreadOfTheMeans) {
  std::vector<results::CellRow> cells;
  for (const char* condition : {"fog-5", "snow-5"}) {
    for (auto cell : rows()) {
      cell.dataset = "cifar10-c";
      cell.drift = "input";
      cell.condition = condition;
      cell.cell_id += condition;
      if (cell.strategy == "fc")
        cell.train_gross_J = (cell.repetition == 0 ? 100 : 200) + (cell.condition == "fog-5" ? 50 : -50);
      if (cell.strategy == "full") cell.train_gross_J = 1000;
      cells.push_back(cell);
    }
  }
  EXPECT_THAT(scripts(one(cells, "saving")),
              testing::ContainsRegex("EOD\n85 3 77\\.92893218813[0-9]* 92\\.0710678118[0-9]*\nEOD"));
}

TEST(Figures, BarsOfSavingsStandOnZero) {
  const std::string script = scripts(one(rows(), "saving"));
  EXPECT_THAT(script, HasSubstr("using 1:2:(0):1:"));
  EXPECT_EQ(range_of(script, 'x').first, 0);
}

TEST(Figures, PublishedAndMeasuredHaveEqualAxes) {
  const Figure figure = one(rows(), "published");
  ASSERT_THAT(figure.panels, SizeIs(2));
  for (const Panel& panel : figure.panels) {
    EXPECT_EQ(range_of(panel.script, 'x'), range_of(panel.script, 'y'));
    EXPECT_THAT(panel.script, HasSubstr("\"measured "));
  }
  EXPECT_EQ(figure.frame.graph_width(), figure.frame.graph_height());
}

TEST(Figures, PublishedSavingsHaveTheErrorBarsOfTheSavings) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "fc") cell.train_gross_J = cell.repetition == 0 ? 100 : 200;
    if (cell.strategy == "full") cell.train_gross_J = 1000;
  }
  const Figure figure = one(cells, "published");
  EXPECT_THAT(figure.panels[1].script, testing::ContainsRegex("\n[0-9.]+ 85 NaN 7\\.07106781186[0-9]*\n"));
  EXPECT_THAT(figure.subtitle, AllOf(HasSubstr("Error bars: standard deviation over repetitions; of savings, U (k=2)"),
                                     testing::EndsWith("published: arXiv 2403.15905")));
  EXPECT_NO_THROW(draw(figure, Terminal::svg));
}

TEST(Figures, PublishedNumbersOfOtherDataNameThem) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.dataset = "cifar10-c-like";
    cell.drift = "input";
    cell.condition = "fog-5";
  }
  EXPECT_THAT(one(cells, "published").subtitle, testing::EndsWith("published: arXiv 2403.15905 (cifar10-c)"));
}

}  // namespace
}  // namespace tbft::plots
