#include "harness/measurement/watch_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "results/layout.h"

namespace tbft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(WatchCurve, ItsBarsRiseFromZeroToTheLargest) {
  WatchCurve curve(0.25);
  for (int i = 0; i < 8; ++i) curve.add(0.25 * i, i);
  EXPECT_EQ(curve.text(80, true), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(curve.text(2, true), "▇█") << "the last ones";
  EXPECT_EQ(curve.text(80, false).size(), 8U);
  EXPECT_EQ(curve.text(80, false).back(), '#');
  EXPECT_EQ(curve.top_W(80), 7);
}

TEST(WatchCurve, AColumnIsTheMeanOfItsReadingsAndAGapIsBlank) {
  WatchCurve curve(1);
  curve.add(0.1, 2);
  curve.add(0.9, 6);
  curve.add(1.5, power::unknown);
  curve.add(3.5, 8);  // nothing between 2 and 3 s
  EXPECT_EQ(curve.text(80, false), "-  #") << "4 of 8 W, two blanks, 8 W";
  EXPECT_EQ(curve.top_W(80), 8);
}

TEST(WatchCurve, WhatIsOddDrawsSomething) {
  WatchCurve curve(1, 5);
  EXPECT_EQ(curve.text(80, true), "");
  EXPECT_TRUE(std::isnan(curve.top_W(80)));
  curve.add(0, 0);
  EXPECT_EQ(curve.text(80, true), "▁") << "0 W";
  curve.add(1, -3);
  EXPECT_EQ(curve.text(80, true), "▁▁") << "negative";
  curve.add(1e12, 5);  // a pause of any length
  EXPECT_EQ(results::characters(curve.text(80, true)), 5U) << "only so many are kept";
}

TEST(WatchLine, ItFitsAnyWidth) {
  WatchCurve curve(0.25);
  for (int i = 0; i < 2000; ++i) curve.add(0.25 * i, 5 + std::sin(i));
  const WatchMoment moment{.t_s = 12345.6, .power_W = 5.0213, .energy_J = 61234.5, .lap = 12, .lap_s = 1234.5, .lap_J = 6123.4};
  for (std::size_t width = 1; width < 200; ++width) {
    for (const bool unicode : {true, false})
      EXPECT_LE(results::characters(watch_line(moment, curve, "q: end", width, unicode)), width) << width;
  }
  const auto line = watch_line(moment, curve, "q: end", 120, true);
  EXPECT_THAT(line, AllOf(HasSubstr("5.021 W "), HasSubstr("▇"), HasSubstr(" to "), HasSubstr("in 12345.6 s"),
                          HasSubstr("lap 12: 6123 J"), HasSubstr("q: end")));
  EXPECT_THAT(watch_line(moment, curve, "q: end", 79, true), AllOf(HasSubstr("6.123e+04 J"), Not(HasSubstr("q: end"))));
}

TEST(WatchLine, AGapIsNoWatts) {
  const WatchCurve curve(0.25);
  EXPECT_THAT(watch_line({.t_s = 1}, curve, "q: end", 79, true), AllOf(HasSubstr("no reading"), Not(HasSubstr("nan"))));
  EXPECT_EQ(watch_row(std::vector{WatchMoment{.t_s = 12, .power_W = 5.02, .energy_J = 60.24}}), "12.0 s   5.02 W   60.24 J");
  EXPECT_EQ(watch_row(std::vector{WatchMoment{.t_s = 1}}), "1.0 s   no reading   0 J");
}

TEST(LapText, ItHasItsUncertaintyOrAReason) {
  power::Energy energy;
  energy.reason = "no reading inside";
  EXPECT_EQ(lap_text(1, energy), "lap 1     invalid: no reading inside");
  energy.valid = true;
  energy.energy_J = 3.1;
  energy.duration_s = 0.62;
  energy.mean_W = 5;
  energy.U_J = 0.1;
  EXPECT_EQ(lap_text(2, energy), "lap 2     3.1 J +- 0.1 J (k=2), 0.620 s, 5 W");
}

TEST(WatchText, SeveralMetersShareTheLineTheTimeAndTheLap) {
  std::vector<WatchCurve> curves(2, WatchCurve(0.25));
  for (int i = 0; i < 100; ++i) {
    curves[0].add(0.25 * i, 5);
    curves[1].add(0.25 * i, i);
  }
  const std::vector<WatchMoment> moments{{.t_s = 25, .power_W = 5.02, .energy_J = 125.4, .lap = 2, .lap_s = 3},
                                         {.t_s = 25, .energy_J = 1.5, .lap = 2, .lap_s = 3}};
  for (std::size_t width = 1; width <= 200; ++width)
    for (const bool unicode : {true, false})
      EXPECT_LE(results::characters(watch_line(moments, curves, "q: end", width, unicode)), width) << width;
  const auto line = watch_line(moments, curves, "q: end", 120, true);
  EXPECT_THAT(line, AllOf(HasSubstr("5.02 W"), HasSubstr("125.4 J"), HasSubstr("no reading"), HasSubstr("1.5 J"),
                          HasSubstr("25.0 s, lap 2 | q: end"), HasSubstr("█████")));
  EXPECT_THAT(watch_line(moments, curves, "q: end", 60, true),
              AllOf(HasSubstr("125.4 J"), HasSubstr("1.5 J"), HasSubstr("25.0 s")))
      << "the curves and the hint go first";
  EXPECT_EQ(watch_row(moments), "25.0 s   5.02 W   125.4 J   no reading   1.5 J");
  EXPECT_EQ(watch_line(std::vector{moments[0]}, std::vector{curves[0]}, "q: end", 120, true),
            watch_line(moments[0], curves[0], "q: end", 120, true));
}

}  // namespace
}  // namespace tbft
