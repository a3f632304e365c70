// Power curves, phases and idle power.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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
using testing::SizeIs;

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

}  // namespace
}  // namespace tbft::plots
