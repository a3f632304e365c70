// What figures say of the origin and the spread of joules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "tests/unit/plots/figure_sample.h"

namespace tbft::plots {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Figures, MeasuredJoulesAreNotCalledAnEstimate) {
  for (const Figure& figure : Drawn(rows()).figures)
    EXPECT_THAT(script_of(figure, Terminal::svg), Not(HasSubstr("estimated"))) << figure.name;
}

TEST(Figures, AxesOfJoulesAndWattsSayThatTheyAreEstimatesOrReplays) {
  for (const auto& [meter, word] : {std::pair("estimate://", "estimated"), std::pair("replay:///x.csv", "replayed")}) {
    auto cells = rows();
    for (auto& cell : cells) {
      cell.measured = 0;
      cell.meter = meter;
    }
    for (const Figure& figure : Drawn(cells).figures) {
      if (figure.name.starts_with("accuracy-cifar")) continue;  // accuracies alone
      EXPECT_THAT(figure.subtitle, HasSubstr(std::string(word) + ", not measured")) << figure.name;
      const std::string& script = figure.panels.back().script;
      EXPECT_THAT(script, testing::ContainsRegex(std::string("set label 80[12] \"") + word)) << figure.name;
    }
  }
}

// rows() of two training sizes; the joules of one are estimates.

std::vector<results::CellRow> half_estimated(double estimated_size) {
  std::vector<results::CellRow> all;
  for (const double size : {0.1, 0.2}) {
    for (auto cell : rows()) {
      cell.train_size = size;
      cell.run_id = size == 0.1 ? "small" : "large";
      if (size == estimated_size) {
        cell.measured = 0;
        cell.meter = "estimate://";
      }
      all.push_back(cell);
    }
  }
  return all;
}

TEST(Figures, ThatShowEstimatesInPartSaySo) {
  for (const double size : {0.1, 0.2}) {
    for (const char* kind : {"saving", "accuracy-energy", "phases", "published", "idle"}) {
      const Figure figure = one(half_estimated(size), kind);
      EXPECT_THAT(figure.subtitle, HasSubstr("partly estimated, see the")) << kind;
      EXPECT_THAT(figure.subtitle, Not(HasSubstr("not measured"))) << kind;
    }
  }
  EXPECT_THAT(scripts(one(half_estimated(0.1), "idle")), AllOf(HasSubstr("small (estimated)"), HasSubstr("\"large\"")));
  EXPECT_THAT(scripts(one(half_estimated(0.1), "published")), HasSubstr("\"measured or estimated saving / %\""));
}

TEST(Figures, JoulesOfUnknownOriginAreNotCalledEstimates) {
  auto cells = rows();
  for (auto& cell : cells) cell.measured.reset();
  for (const Figure& figure : Drawn(cells).figures) {
    EXPECT_THAT(script_of(figure, Terminal::svg), Not(HasSubstr("estimated"))) << figure.name;
    if (figure.name.starts_with("accuracy-cifar")) continue;  // accuracies alone
    EXPECT_THAT(figure.subtitle, HasSubstr("not recorded whether measured")) << figure.name;
  }
}

TEST(Figures, PhasesNeverAverageMeasuredAndEstimatedJoules) {
  auto cells = rows();
  auto other = row("block1", 2, 50, 9000);
  other.measured = 0;
  other.meter = "estimate://";
  cells.push_back(other);
  const Figure figure = one(cells, "phases");
  EXPECT_THAT(figure.subtitle, AllOf(HasSubstr("2 cells left out"), Not(HasSubstr("estimated"))));  // one of fc has no trace
  EXPECT_THAT(scripts(figure), HasSubstr("\n0 600.5 1\n"));                                         // 600 and 601 J
}

TEST(Figures, PhasesNeverAverageScopesNorCountUnknownTrainingAsTheRest) {
  auto cells = rows();
  auto package = row("block1", 2, 50, 9000), unknown = row("block1", 3, 50, 9000);
  package.meter_scope = "package";
  unknown.train_gross_J = std::nullopt;
  unknown.steps = 80;
  cells.insert(cells.end(), {package, unknown});
  const Figure figure = one(cells, "phases");
  EXPECT_THAT(figure.subtitle, HasSubstr("3 cells left out"));  // one of fc has no trace
  EXPECT_THAT(scripts(figure), HasSubstr("\n0 600.5 1\n"));
}

TEST(Figures, PhasesShowTheLaterOfTwoRowsOfACell) {
  auto cells = rows();
  cells.insert(cells.begin(), row("block1", 0, 50, 9000));
  const Figure figure = one(cells, "phases");
  EXPECT_THAT(figure.subtitle, HasSubstr("1 cell left out"));  // one of fc has no trace
  EXPECT_THAT(scripts(figure), HasSubstr("\n0 600.5 1\n"));
}

// As of a cell that other programs disturbed: its trace has joules of training, its row has none.
TEST(Figures, PhasesLeaveOutATracedCellWithoutTrainingJoules) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.cell_id != "fc0") continue;
    cell.train_gross_J = std::nullopt;
    cell.steps = 80;
  }
  const Figure figure = one(cells, "phases");
  EXPECT_THAT(figure.subtitle, HasSubstr("1 cell left out"));
  EXPECT_THAT(scripts(figure), AllOf(HasSubstr("\n0 173 4\n"), HasSubstr("\n173 183 4\n")));  // the other repetition
}

TEST(Figures, ATraceWithoutTrainingJoulesTellsNoPhases) {
  auto trace = curve();
  trace.phase_J.erase("train");
  const Figure figure = one(rows(), "phases", trace);
  EXPECT_THAT(figure.subtitle, Not(HasSubstr("left out")));
  EXPECT_THAT(scripts(figure), AllOf(HasSubstr("\n0 172.5 4\n"), HasSubstr("\n172.5 182.5 4\n")));
}

TEST(Figures, OneRepetitionHasNoErrorBars) {
  std::vector<results::CellRow> cells;
  for (const auto& cell : rows()) {
    if (cell.repetition == 0) cells.push_back(cell);
  }
  for (const char* kind : {"accuracy", "saving", "accuracy-energy", "idle"}) {
    const Figure figure = one(cells, kind);
    EXPECT_THAT(scripts(figure), Not(HasSubstr("errorbars"))) << kind;
    EXPECT_THAT(figure.subtitle, Not(HasSubstr("deviation"))) << kind;
    EXPECT_THAT(figure.subtitle, Not(HasSubstr("ars:"))) << kind;
    EXPECT_NO_THROW(draw(figure, Terminal::svg)) << kind;
  }
  EXPECT_THAT(one(rows(), "saving").subtitle, HasSubstr("Lines: standard deviation"));
  EXPECT_THAT(one(rows(), "accuracy-energy").subtitle, HasSubstr("Error bars: standard deviation"));
}

TEST(Figures, JoulesWithoutASpreadHaveBarsOfAccuracyAlone) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.train_gross_J) cell.train_gross_J = 100;
  }
  EXPECT_THAT(scripts(one(cells, "accuracy-energy")),
              AllOf(HasSubstr("1:2:5:6 with yerrorbars"), Not(HasSubstr("xerrorbars"))));
}

TEST(Figures, IdlePowerHasABarWhereItsDriftIsKnown) {
  auto cells = rows();
  cells.back().idle_drift_W = 0.4;  // of the second cell
  const Figure figure = one(cells, "idle");
  EXPECT_THAT(scripts(figure), AllOf(HasSubstr(" 2.1 NaN\n"), HasSubstr("with yerrorbars")));
  EXPECT_THAT(figure.subtitle, HasSubstr("Bars: from the idle power before a cell to that after it"));
  EXPECT_NO_THROW(draw(figure, Terminal::svg));
}

// One that waits for fonts or a screen must not keep the program.

}  // namespace
}  // namespace tbft::plots
