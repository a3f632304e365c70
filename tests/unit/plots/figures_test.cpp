#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"

namespace tbft::plots {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

results::CellRow row(const std::string& strategy, std::int64_t repetition, double accuracy_pct, std::optional<double> train_J) {
  results::CellRow r;
  r.run_id = "run";
  r.cell_id = strategy + std::to_string(repetition);
  r.started_utc = "2024-01-31T10:0" + std::to_string(repetition) + ":00Z";
  r.dataset = "cifar-flip";
  r.drift = "output";
  r.train_size = 0.1;
  r.strategy = strategy;
  r.repetition = repetition;
  r.status = "ok";
  r.accuracy_pct = accuracy_pct;
  r.train_gross_J = train_J;
  r.gross_J = train_J ? *train_J + 10 : 5;
  r.train_s = 3;
  r.idle_W = 2.1;
  r.meter = "ina219:///dev/i2c-1";
  r.meter_scope = "board";
  r.measured = 1;
  return r;
}

std::vector<results::CellRow> rows() {
  std::vector<results::CellRow> all;
  for (std::int64_t r = 0; r < 2; ++r) {
    const auto x = static_cast<double>(r);
    all.push_back(row("none", r, 3 + x, {}));
    all.push_back(row("block1", r, 16 + x, 600 + x));
    all.push_back(row("block2", r, 30 + x, 450 + x));
    all.push_back(row("block3", r, 54 + x, 400 + x));
    all.push_back(row("fc", r, 85 + x, 172 + x));
    all.push_back(row("full", r, 53 + x, 712 + x));
  }
  return all;
}

results::PowerCurve curve() {
  results::PowerCurve c;
  c.duration_s = 10;
  c.readings = 100;
  for (int i = 0; i < 10; ++i) {
    if (i == 5) continue;
    c.buckets.push_back({i + 0.0, i + 0.9, 3, 5, 4});
  }
  c.gaps.push_back({"", 4.9, 6});
  c.phases = {{"train", 1, 8}, {"test", 8, 9.5}};
  c.phase_J = {{"train", 172}, {"test", 4}};
  return c;
}

// Figures of these rows, the data kept alive with them.
struct Drawn {
  results::Inputs inputs;
  results::Summary summary;
  results::PowerCurves curves;
  std::vector<Figure> figures;
  explicit Drawn(std::vector<results::CellRow> cells, const std::vector<std::string>& kinds = {},
                 const std::string& cell = "") {
    inputs.cells = std::move(cells);
    summary = results::summarize(inputs);
    curves[{"run", "fc0"}] = curve();
    figures = make_figures({inputs, summary, curves, cell}, kinds);
  }
};

TEST(Figures, EveryKindIsDrawnAsSvgAndPng) {
  const Drawn drawn(rows());
  EXPECT_THAT(drawn.figures, SizeIs(figure_kinds().size()));
  for (const Figure& figure : drawn.figures) {
    EXPECT_THAT(draw(figure, Terminal::svg), AllOf(HasSubstr("<svg"), HasSubstr("</svg>"))) << figure.name;
    EXPECT_TRUE(draw(figure, Terminal::png).starts_with("\x89PNG")) << figure.name;
  }
}

TEST(Figures, MeasuredJoulesAreNotCalledAnEstimate) {
  for (const Figure& figure : Drawn(rows()).figures) EXPECT_THAT(figure.script, Not(HasSubstr("ESTIMATE"))) << figure.name;
}

TEST(Figures, EstimatesSaySoWhereverJoulesOrWattsStand) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.measured = 0;
    cell.meter = "estimate://";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    if (figure.name.starts_with("accuracy-cifar")) continue;  // accuracies alone
    EXPECT_THAT(figure.script, HasSubstr("ESTIMATE, not a measurement")) << figure.name;
  }
}

TEST(Figures, TheParetoFrontLeavesOutWhatAnotherStrategyBeats) {
  const Drawn drawn(rows(), {"accuracy-energy"});
  ASSERT_THAT(drawn.figures, SizeIs(1));
  // fc is cheapest and best: nothing else is on the front.
  EXPECT_THAT(drawn.figures[0].script, HasSubstr("$front0 << EOD\n172.5 85.5\nEOD"));
}

TEST(Figures, AStrategyWithoutJoulesIsALineAtItsAccuracy) {
  EXPECT_THAT(Drawn(rows(), {"accuracy-energy"}).figures[0].script, HasSubstr("3.5 with lines dashtype 3"));
}

TEST(Figures, ErrorBarsAreTheSpreadOfRepetitions) {
  EXPECT_THAT(Drawn(rows(), {"accuracy"}).figures[0].script, HasSubstr(" 16.5 0.70710678118654"));
}

TEST(Figures, PhasesComeFromTheTraceAndTheRestIsTold) {
  // gross 182 J: 172 in training, 4 in the test, 6 in no phase; the other repetition has no trace: 173 of 183.
  const Drawn drawn(rows(), {"phases"});
  EXPECT_THAT(drawn.figures[0].script, HasSubstr("\"fc\" 172.5 0 2 0 8"));
}

TEST(Figures, AGapBreaksTheCurveAndIsShaded) {
  const Drawn drawn(rows(), {"power"});
  ASSERT_THAT(drawn.figures, SizeIs(1));
  EXPECT_THAT(drawn.figures[0].script, HasSubstr("4.45 3 5 4\n\n6.45 3 5 4\n"));
  EXPECT_THAT(drawn.figures[0].script, HasSubstr("rectangle from first 4.9, graph 0 to first 6, graph 1 front"));
}

TEST(Figures, OnlyTheCellAskedForHasItsPowerDrawn) {
  EXPECT_THAT(Drawn(rows(), {"power"}, "fc0").figures, SizeIs(1));
  EXPECT_THAT(Drawn(rows(), {"power"}, "fc1").figures, IsEmpty());
}

TEST(Figures, TextOfAFileCannotLeaveItsQuotes) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "none") cell.strategy = "x\"; system(\"touch /nowhere\") #`date`";
    cell.dataset = "<script>alert(1)</script>\"";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    EXPECT_THAT(figure.script, Not(HasSubstr("`"))) << figure.name;
    EXPECT_THAT(figure.name, Not(testing::ContainsRegex("[^a-zA-Z0-9-]")));
    EXPECT_THAT(draw(figure, Terminal::svg), Not(HasSubstr("<script"))) << figure.name;
  }
}

TEST(Figures, NothingToDrawIsNoFigure) {
  EXPECT_THAT(Drawn({}).figures, IsEmpty());
}

TEST(Figures, AnUnknownKindListsTheKinds) {
  EXPECT_THROW(Drawn(rows(), {"pie"}), std::invalid_argument);
}

TEST(Gnuplot, ItsOwnWordsComeWithAFailure) {
  try {
    draw({"bad", "", 100, 100, "plot nonsense\n"}, Terminal::svg);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("figure bad"), HasSubstr("nonsense")));
  }
}

// One that waits for fonts or a screen must not keep the program.
TEST(Gnuplot, OneThatHangsIsStopped) {
  const auto folder = std::filesystem::temp_directory_path() / ("tbft-gnuplot-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "gnuplot") << "#!/bin/sh\nexec sleep 600\n";
  std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms(0755));
  const std::string path = std::getenv("PATH");
  setenv("PATH", (folder.string() + ":" + path).c_str(), 1);
  std::string what;
  try {
    draw({"slow", "", 100, 100, "plot x\n"}, Terminal::svg, std::chrono::milliseconds(50));
  } catch (const NoGnuplot& error) {
    what = error.what();
  }
  setenv("PATH", path.c_str(), 1);
  std::filesystem::remove_all(folder);
  EXPECT_THAT(what, HasSubstr("gnuplot was stopped"));
}

TEST(EnergySaving, BarsStandOnZero) {
  const Drawn drawn(rows(), {"saving"});
  ASSERT_THAT(drawn.figures, SizeIs(1));
  EXPECT_THAT(drawn.figures[0].script, HasSubstr("set yrange [* < 0 : 0 < *]"));
}

}  // namespace
}  // namespace tbft::plots
