// Accuracy, and accuracy against joules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "plots/figure.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "tests/unit/plots/figure_sample.h"

namespace tbft::plots {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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

}  // namespace
}  // namespace tbft::plots
