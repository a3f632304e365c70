#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "plots/labels.h"
#include "plots/style.h"

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

// The scripts of all panels.
std::string scripts(const Figure& figure) {
  std::string text;
  for (const Panel& panel : figure.panels) text += panel.script;
  return text;
}

// The only figure of this kind.
Figure one(std::vector<results::CellRow> cells, const std::string& kind, const std::string& cell = "") {
  const Drawn drawn(std::move(cells), {kind}, cell);
  if (drawn.figures.size() != 1) throw std::runtime_error(kind + ": not one figure");
  return drawn.figures[0];
}

// The range of an axis in a script: "set xrange [0:900]".
std::pair<double, double> range_of(const std::string& script, char axis) {
  std::smatch found;
  const std::regex range(std::string("set ") + axis + R"(range \[([^:]+):([^\]]+)\])");
  if (!std::regex_search(script, found, range)) throw std::runtime_error("no range in " + script);
  return {std::stod(found[1]), std::stod(found[2])};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Figures, EveryKindIsDrawnAsSvgAndPngAndForPages) {
  const Drawn drawn(rows());
  EXPECT_THAT(drawn.figures, SizeIs(figure_kinds().size()));
  for (const Figure& figure : drawn.figures) {
    EXPECT_THAT(draw(figure, Terminal::svg), AllOf(HasSubstr("<svg"), HasSubstr("</svg>"))) << figure.name;
    EXPECT_TRUE(draw(figure, Terminal::png).starts_with("\x89PNG")) << figure.name;
    EXPECT_EQ(count(draw(figure, Terminal::page), "<svg"), figure.panels.size()) << figure.name;
  }
}

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
  EXPECT_THAT(figure.subtitle, AllOf(HasSubstr("1 cells left out"), Not(HasSubstr("estimated"))));
  EXPECT_THAT(scripts(figure), HasSubstr("\n0 600.5 1\n"));  // 600 and 601 J
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

TEST(Figures, SubtitlesNameProtocolProcessorAndNetwork) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.protocol = "paper";
    cell.board = "Raspberry Pi 5";
    cell.network = "ResNet-26";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    EXPECT_THAT(figure.title, Not(HasSubstr("Raspberry"))) << figure.name;
    if (figure.name == "idle") continue;  // of all runs
    EXPECT_THAT(figure.subtitle, HasSubstr("Paper protocol, Raspberry Pi 5, ResNet-26")) << figure.name;
    EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("<text>Paper protocol, Raspberry Pi 5, ResNet-26")) << figure.name;
  }
}

TEST(Figures, LongTitlesAreBrokenIntoLinesThatFit) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.dataset = "a data set " + std::string(60, 'x') + " with a name of many words that fits on no line";
    cell.board = "a board with a name that is as long as that of the data set, if not longer than it";
  }
  const Figure figure = one(cells, "accuracy");
  const std::string svg = draw(figure, Terminal::svg);
  std::string words;
  const std::regex text(R"(font-size="(13|11)\.00"[^>]*>\s*<text>([^<]*)</text>)");
  for (auto at = std::sregex_iterator(svg.begin(), svg.end(), text); at != std::sregex_iterator(); ++at) {
    EXPECT_LE(6.0 * static_cast<double>((*at)[2].length()), figure.frame.width) << (*at)[2];
    words += (*at)[2].str() + " ";
  }
  EXPECT_THAT(words, AllOf(HasSubstr("fits on no line"), HasSubstr("if not longer than it")));
}

TEST(Figures, TheParetoFrontIsStepsFromNoneToTheRightEdge) {
  // fc is cheapest and best: nothing else is on the front. Its one point makes a step up and a line to the right.
  const std::string script = scripts(one(rows(), "accuracy-energy"));
  EXPECT_THAT(script, HasSubstr("$front << EOD\n0 3.5\n172.5 3.5\n172.5 85.5\n800 85.5\nEOD"));
  EXPECT_EQ(range_of(script, 'x').second, 800);
}

TEST(Figures, AFrontOfOnePointIsDrawnWithoutNone) {
  const std::string script = scripts(one({row("fc", 0, 80, 100)}, "accuracy-energy"));
  EXPECT_THAT(script, testing::ContainsRegex("\\$front << EOD\n100 [0-9.]+\n100 80\n[0-9]+ 80\nEOD"));
}

TEST(Figures, JoulesThatAreNotResolvedAreNotOnTheFront) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (!cell.train_gross_J) continue;
    cell.train_net_J = cell.strategy == "fc" ? 2.0 : *cell.train_gross_J;
    cell.U_train_net_J = cell.U_random_train_net_J = 5;
  }
  const std::string script = scripts(one(cells, "accuracy-energy"));
  EXPECT_THAT(script, AllOf(HasSubstr("\n400.5 54.5\n"), Not(HasSubstr("\n2 85.5\n"))));
}

TEST(Figures, AxesEndAtWhatCanBe) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "fc") cell.accuracy_pct = cell.repetition == 0 ? 100.0 : 95.0;  // an interval beyond 100
    if (cell.strategy == "none") cell.accuracy_pct = cell.repetition == 0 ? 0.0 : 4.0;
    if (!cell.train_gross_J) continue;
    cell.train_net_J = cell.strategy == "block3" ? -20 : *cell.train_gross_J;  // noise
    cell.U_train_net_J = cell.U_random_train_net_J = 500;
  }
  const std::string against = scripts(one(cells, "accuracy-energy"));
  EXPECT_EQ(range_of(against, 'x').first, 0);
  EXPECT_EQ(range_of(against, 'y'), std::pair(0.0, 100.0));
  EXPECT_THAT(against, AllOf(HasSubstr("block3 (below 0 J)"), HasSubstr("<< EOD\n0 54.5 0 333.5")));  // -20 +- 353.6 J
  const std::string dots = scripts(one(cells, "accuracy"));
  EXPECT_EQ(range_of(dots, 'x'), std::pair(0.0, 100.0));
  EXPECT_THAT(dots, AllOf(HasSubstr(" 100\nEOD"), Not(testing::ContainsRegex("\n2 0 -"))));
  EXPECT_LE(range_of(scripts(one(rows(), "saving")), 'x').second, 100);
}

TEST(Figures, AStrategyWithoutJoulesIsALineAtItsAccuracy) {
  const std::string script = scripts(one(rows(), "accuracy-energy"));
  EXPECT_THAT(script, HasSubstr("3.5 with lines dashtype 3"));
  EXPECT_THAT(script, testing::ContainsRegex("set label [0-9]+ \"none\" at"));
}

TEST(Figures, EveryPointHasItsLabel) {
  const std::string script = scripts(one(rows(), "accuracy-energy"));
  for (const char* name : {"block1", "block2", "block3", "fc", "full", "block-avg"})
    EXPECT_THAT(script, testing::ContainsRegex(std::string("set label [0-9]+ \"") + name + "\" at graph")) << name;
}

TEST(Figures, WithoutAnyJoulesThereIsNoneAgainstAccuracy) {
  auto cells = rows();
  for (auto& cell : cells) cell.train_gross_J.reset();
  EXPECT_THAT(Drawn(cells, {"accuracy-energy"}).figures, IsEmpty());
}

TEST(Figures, EveryStrategyThatRanHasARowOfAccuracy) {
  auto cells = rows();
  cells.push_back(row("elastic", 0, 60, 300));
  const std::string script = scripts(one(cells, "accuracy"));
  EXPECT_THAT(script, HasSubstr("\"none\" 0, \"block1\" 1, \"block2\" 2, \"block3\" 3, \"fc\" 4, \"block-avg\" 5, \"full\" 6, "
                                "\"elastic\" 7"));
  EXPECT_THAT(script, HasSubstr("$r7 << EOD\n60 7 60 60\nEOD"));
}

TEST(Figures, DotsOfAccuracyHaveThe95PercentInterval) {
  // block1: 16 and 17; Student's t of one degree of freedom is 12.706, and 16.5 - 12.706 * 0.5 = 10.147.
  EXPECT_THAT(scripts(one(rows(), "accuracy")), HasSubstr("$r1 << EOD\n16.5 1 10.14"));
}

TEST(Figures, NoneAndFullAreLinesOfReference) {
  const std::string script = scripts(one(rows(), "accuracy"));
  EXPECT_THAT(script, AllOf(HasSubstr("from first 3.5, graph 0 to first 3.5, graph 1 nohead"),
                            HasSubstr("from first 53.5, graph 0 to first 53.5, graph 1 nohead")));
}

TEST(Figures, TrainingSizesAreOneRowOfPanelsWithTheSameAxes) {
  auto cells = rows();
  for (auto cell : rows()) {
    cell.train_size = 0.2;
    cell.accuracy_pct = *cell.accuracy_pct / 2;
    cells.push_back(cell);
  }
  for (const char* kind : {"accuracy", "accuracy-energy", "saving", "phases"}) {
    const Figure figure = one(cells, kind);
    ASSERT_THAT(figure.panels, SizeIs(2)) << kind;
    EXPECT_EQ(figure.panels[0].title, "10 % of the data for training");
    EXPECT_EQ(figure.panels[1].title, "20 % of the data for training");
    EXPECT_EQ(range_of(figure.panels[0].script, 'x'), range_of(figure.panels[1].script, 'x')) << kind;
    EXPECT_EQ(range_of(figure.panels[0].script, 'y'), range_of(figure.panels[1].script, 'y')) << kind;
    EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("viewBox=\"0 0 " + std::to_string(2 * figure.frame.width) + " "))
        << kind;
  }
}

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

TEST(Legend, ManyItemsHaveDifferentNumbers) {
  const std::vector<LegendItem> items(150, LegendItem{"run", blue, 7});
  Frame frame;
  const std::string script = add_legend(frame, items);
  std::set<std::string> numbers;
  const std::regex label("set label ([0-9]+)");
  for (auto at = std::sregex_iterator(script.begin(), script.end(), label); at != std::sregex_iterator(); ++at)
    EXPECT_TRUE(numbers.insert((*at)[1]).second) << (*at)[1];
  EXPECT_THAT(numbers, SizeIs(300));
}

TEST(Figures, AThousandStrategiesAreDrawnWithoutNames) {
  auto cells = rows();
  for (int i = 0; i < 1000; ++i) cells.push_back(row("own" + std::to_string(i), 0, 20 + i % 50, 100 + i));
  const Figure figure = one(cells, "accuracy-energy");
  EXPECT_THAT(figure.subtitle, HasSubstr("Points without names"));
  EXPECT_THAT(scripts(figure), Not(HasSubstr("own999")));
  EXPECT_THAT(one(rows(), "accuracy-energy").subtitle, Not(HasSubstr("without names")));
}

TEST(Figures, PicturesTooLargeForPngSaySo) {
  Figure figure = one(rows(), "accuracy");
  EXPECT_THAT(script_of(figure, Terminal::png), HasSubstr("set terminal pngcairo size 960,"));
  figure.frame.width = 20'000;
  EXPECT_THAT(script_of(figure, Terminal::png), HasSubstr("set terminal pngcairo size 20000,"));
  figure.frame.width = 40'000;
  EXPECT_THROW(script_of(figure, Terminal::png), std::runtime_error);
  EXPECT_NO_THROW(script_of(figure, Terminal::svg));
}

TEST(Figures, PhasesComeFromTheTraceAndTheRestIsTold) {
  // gross 182 J: 172 in training, 4 in the test, 6 in no phase; the other repetition has no trace: 173 of 183.
  const std::string script = scripts(one(rows(), "phases"));
  EXPECT_THAT(script, AllOf(HasSubstr("\n0 172.5 4\n"), HasSubstr("\n172.5 174.5 4\n"), HasSubstr("\n174.5 182.5 4\n")));
}

TEST(Figures, AGapBreaksTheCurveAndIsShaded) {
  const std::string script = scripts(one(rows(), "power"));
  EXPECT_THAT(script, HasSubstr("4.45 3 5 4\n\n6.45 3 5 4\n"));
  EXPECT_THAT(script, HasSubstr("rectangle from first 4.9, graph 0 to first 6, graph 1 front"));
}

TEST(Figures, OnlyTheCellAskedForHasItsPowerDrawn) {
  EXPECT_THAT(Drawn(rows(), {"power"}, "fc0").figures, SizeIs(1));
  EXPECT_THAT(Drawn(rows(), {"power"}, "fc1").figures, IsEmpty());
}

TEST(Figures, IdlePowersThatDifferByRoundingAloneAreDrawn) {
  auto cells = rows();
  cells.front().idle_W = 2.1 + 4e-15;
  for (const Figure& figure : Drawn(cells, {"idle"}).figures) EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("</svg>"));
}

TEST(Figures, TextOfAFileCannotLeaveItsQuotes) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "none") cell.strategy = "x\"; system(\"touch /nowhere\") #`date`";
    cell.dataset = "<script>alert(1)</script>\"";
    cell.board = "\"\nsystem(\"touch /nowhere\")";
  }
  for (const Figure& figure : Drawn(cells).figures) {
    for (const Terminal terminal : {Terminal::svg, Terminal::page}) {
      EXPECT_THAT(script_of(figure, terminal), AllOf(Not(HasSubstr("`")), Not(HasSubstr("\nsystem")))) << figure.name;
      EXPECT_THAT(draw(figure, terminal), Not(HasSubstr("<script"))) << figure.name;
    }
    EXPECT_THAT(figure.name, Not(testing::ContainsRegex("[^a-zA-Z0-9-]")));
  }
}

TEST(Svg, FilesHaveTheirOwnTitleAndPlainColoursThatFollowADarkTheme) {
  const std::string svg = draw(one(rows(), "accuracy"), Terminal::svg);
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("Gnuplot")), Not(HasSubstr("GNUPLOT")), Not(HasSubstr("var("))));
  EXPECT_THAT(svg, AllOf(HasSubstr("<title>Accuracy by strategy: cifar-flip, output drift</title>"), HasSubstr("'#1d54c1'"),
                         HasSubstr("prefers-color-scheme:dark"), HasSubstr("[stroke=\"#1d54c1\"]{stroke:#2f67d5}")));
  EXPECT_EQ(count(svg, "<title>"), 1U);
}

TEST(Svg, PagesHaveVariablesWithAFallbackForEveryColour) {
  for (const Figure& figure : Drawn(rows()).figures) {
    const std::string svg = draw(figure, Terminal::page);
    EXPECT_THAT(svg, AllOf(HasSubstr("var(--figure-text,#1a1a1a)"), HasSubstr("var(--figure-background,#ffffff)")))
        << figure.name;
    EXPECT_THAT(svg, AllOf(Not(HasSubstr("<title>")), Not(HasSubstr("<?xml")), Not(HasSubstr("id=\"gnuplot")))) << figure.name;
    EXPECT_THAT(svg,
                AllOf(Not(HasSubstr("rgb(")), Not(HasSubstr("\"black\"")), Not(testing::ContainsRegex("['\"]#[0-9a-f]{6}"))))
        << figure.name;
  }
}

TEST(Svg, TextIsTextInAFontOfTheSystem) {
  const std::string svg = draw(one(rows(), "accuracy"), Terminal::svg);
  EXPECT_THAT(svg, AllOf(HasSubstr("<text>block1</text>"), HasSubstr("font-family=\"sans-serif\""),
                         HasSubstr("font-weight=\"bold\""), Not(HasSubstr("sans-serif:Bold"))));
}

TEST(Svg, ColoursInTextsStay) {
  auto cells = rows();
  for (auto& cell : cells) cell.dataset = "rgb(1, 2, 3) black";
  EXPECT_THAT(draw(one(cells, "accuracy"), Terminal::svg), HasSubstr("<text>Accuracy by strategy: rgb(1, 2, 3) black, output"));
}

TEST(Svg, NamesOfSymbolsInTextsStay) {
  auto cells = rows();
  for (auto& cell : cells) {
    if (cell.strategy == "fc") cell.strategy = "gpPt7-gpDot";
  }
  EXPECT_THAT(draw(one(cells, "accuracy"), Terminal::page), HasSubstr("gpPt7-gpDot</text>"));
}

TEST(Svg, PartsOfOnePictureHaveDifferentIds) {
  const std::string svg = draw(one(rows(), "published"), Terminal::page);
  EXPECT_EQ(count(svg, "<svg"), 2U);
  EXPECT_THAT(svg, AllOf(HasSubstr("id='gpPt0_5'"), HasSubstr("id='gpPt1_5'"), Not(HasSubstr("id='gpPt5'"))));
}

TEST(Labels, CoverNeitherEachOtherNorPoints) {
  std::vector<LabelledPoint> points;
  for (int i = 0; i < 8; ++i) points.push_back({100.0 + 6 * i, 100.0 + 5 * (i % 3), "strategy" + std::to_string(i)});
  const auto boxes = place_labels(points, {}, 300, 250);
  const auto apart = [](const Rect& a, const Rect& b) {
    return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  };
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].left, 0);
    EXPECT_LE(boxes[i].right, 300);
    for (std::size_t j = 0; j < boxes.size(); ++j) {
      EXPECT_TRUE(i == j || apart(boxes[i], boxes[j])) << i << " " << j;
      EXPECT_TRUE(apart(boxes[i], {points[j].x - 4, points[j].y - 4, points[j].x + 4, points[j].y + 4})) << i << " " << j;
    }
  }
}

TEST(Labels, StandInsideTheGraphAndOffObstacles) {
  const std::vector<LabelledPoint> points{{298, 2, "corner"}};
  const std::vector<Rect> wall{{200, 0, 290, 20}};
  const Rect box = place_labels(points, wall, 300, 250).front();
  EXPECT_LE(box.right, 300);
  EXPECT_GE(box.top, 0);
  EXPECT_TRUE(box.top >= 20 || box.right <= 200) << box.left << " " << box.top;
}

TEST(Figures, ValuesThatDifferByRoundingAreDrawn) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.idle_W = 5 + 1e-12 * static_cast<double>(*cell.repetition);
    cell.idle_drift_W = 1e-13;
    cell.accuracy_pct = 70 + 1e-12 * static_cast<double>(*cell.repetition);
    if (cell.train_gross_J) cell.train_gross_J = 1e-12;
  }
  for (const Figure& figure : Drawn(cells).figures) EXPECT_NO_THROW(draw(figure, Terminal::svg)) << figure.name;
}

TEST(Figures, ValuesBeyondReasonAreDrawn) {
  auto cells = rows();
  for (auto& cell : cells) {
    cell.idle_W = 1.7e308;
    if (!cell.train_gross_J) continue;
    cell.train_gross_J = 1.7e308;
    cell.gross_J = 1.7e308;
  }
  for (const Figure& figure : Drawn(cells).figures) EXPECT_NO_THROW(draw(figure, Terminal::svg)) << figure.name;
}

TEST(Axis, IsRoundedOutwardsWithinItsLimits) {
  const Axis inside = axis_of(41, 78, 0, 100);
  EXPECT_LE(inside.from, 41);
  EXPECT_GE(inside.to, 78);
  EXPECT_GE(inside.from, 30);
  EXPECT_LE(inside.to, 90);
  EXPECT_EQ(axis_of(0, 99.9, 0, 100).to, 100);
  EXPECT_EQ(axis_of(0, 99.9, 0, 100).from, 0);
  const Axis one_value = axis_of(100, 100, 0, 100);
  EXPECT_LT(one_value.from, one_value.to);
  EXPECT_EQ(axis_of(0, 0, 0, 100).to, 0.5);
}

TEST(Figures, NothingToDrawIsNoFigure) {
  EXPECT_THAT(Drawn({}).figures, IsEmpty());
}

TEST(Figures, AnUnknownKindListsTheKinds) {
  EXPECT_THROW(Drawn(rows(), {"pie"}), std::invalid_argument);
}

TEST(Gnuplot, ItsOwnWordsComeWithAFailure) {
  try {
    draw({"bad", "", "", {}, {{"", "plot nonsense\n"}}}, Terminal::svg);
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
    draw({"slow", "", "", {}, {{"", "plot x\n"}}}, Terminal::svg, std::chrono::milliseconds(50));
  } catch (const NoGnuplot& error) {
    what = error.what();
  }
  setenv("PATH", path.c_str(), 1);
  std::filesystem::remove_all(folder);
  EXPECT_THAT(what, HasSubstr("gnuplot was stopped"));
}

}  // namespace
}  // namespace tbft::plots
