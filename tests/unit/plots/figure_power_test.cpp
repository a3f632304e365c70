// Power curves, phases and idle power.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
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
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(Figures, PhasesComeFromTheTraceAndTheRestIsTold) {
  // gross 182 J: 172 in training, 4 in the test, 6 in no phase; the other repetition has no trace.
  const Figure figure = one(rows(), "phases");
  EXPECT_THAT(scripts(figure), AllOf(HasSubstr("\n0 172 4\n"), HasSubstr("\n172 176 4\n"), HasSubstr("\n176 182 4\n")));
  EXPECT_THAT(figure.subtitle, HasSubstr("1 cell left out"));
}

TEST(Figures, AGapBreaksTheCurveAndIsShaded) {
  const std::string script = scripts(one(rows(), "power"));
  EXPECT_THAT(script, HasSubstr("4.45 3 5 4\n\n6.45 3 5 4\n"));
  EXPECT_THAT(script, HasSubstr("rectangle from first 4.9, graph 0 to first 6, graph 1 front"));
}

// As of a shunt the other way round, or of a battery that is charged.
TEST(Figures, PowerBelowZeroIsInTheGraph) {
  auto trace = curve();
  for (auto& bucket : trace.buckets) bucket = {bucket.from_s, bucket.to_s, -5, -3, -4};
  const auto below = range_of(scripts(one(rows(), "power", trace)), 'y');
  EXPECT_LE(below.first, -5);
  EXPECT_GE(below.second, 0);
  trace.buckets.front().high_W = 2;
  const auto both = range_of(scripts(one(rows(), "power", trace)), 'y');
  EXPECT_LE(both.first, -5);
  EXPECT_GE(both.second, 2);
  EXPECT_EQ(range_of(scripts(one(rows(), "power")), 'y').first, 0);
}

TEST(Figures, AReadingBetweenTwoGapsIsAPoint) {
  auto trace = curve();
  trace.gaps.push_back({"", 6.9, 7});
  const Figure figure = one(rows(), "power", trace);
  EXPECT_THAT(scripts(figure), AllOf(HasSubstr("4.45 3 5 4\n\n6.45 3 5 4\n\n"), HasSubstr("$alone << EOD\n6.45 3 5 4\nEOD\n"),
                                     HasSubstr("$alone using 1:4:2:3")));
  EXPECT_THAT(draw(figure, Terminal::svg), HasSubstr("</svg>"));
  EXPECT_THAT(scripts(one(rows(), "power")), Not(HasSubstr("$alone")));
}

TEST(Figures, PhasesThatHaveNoShadeAreTold) {
  auto trace = curve();
  EXPECT_THAT(one(rows(), "power", trace).subtitle, Not(HasSubstr("shade")));
  trace.phases_left_out = 20;
  EXPECT_THAT(one(rows(), "power", trace).subtitle, HasSubstr("The shortest phases have no shade: 20"));
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

TEST(Figures, ManyIdlePowersAreDrawnAsMeansWithBarsToTheFarthest) {
  std::vector<results::CellRow> cells;
  constexpr int n = 4001;  // three to a point, two in the last one
  for (int i = 0; i < n; ++i) {
    cells.push_back(rows().front());
    cells.back().started_utc = fmt::format("2024-01-{:02}T{:02}:{:02}:00Z", 1 + i / 1440, i / 60 % 24, i % 60);
    cells.back().idle_W = i == 1 ? 5.0 : 2.0;
    cells.back().idle_drift_W = i == 4 ? std::optional(0.5) : std::nullopt;
  }
  const Figure figure = one(cells, "idle");
  const std::string script = scripts(figure);
  EXPECT_THAT(script, HasSubstr("$i0 << EOD\n1 3 2\n4 2 0.25\n7 2 NaN\n"));
  EXPECT_THAT(script, HasSubstr("\n3999.5 2 NaN\nEOD\n"));
  EXPECT_THAT(figure.subtitle, HasSubstr("Points: means of up to 3 successive cells; bars: as far as the farthest of them"));
}

}  // namespace
}  // namespace tbft::plots
