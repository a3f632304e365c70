#include "harness/sweep/until.h"

#include <gtest/gtest.h>

#include "harness/host/usage_error.h"

namespace tbft {
namespace {

results::CellRow row(const std::string& id, double train_J, const std::string& point = "") {
  results::CellRow r;
  r.cell_id = id;
  r.drift = "output";
  r.train_size = 0.1;
  r.strategy = "fc";
  r.point = point;
  r.status = "ok";
  r.train_gross_J = train_J;
  return r;
}

Cell cell(const SweepPoint& point = {}) {
  return {.drift = "output", .train_size = 0.1, .strategy = "fc", .point = point};
}

TEST(Until, ThreeEqualRepetitionsAreEnough) {
  Until until({"train_J", 0.02});
  until.add(row("a", 10));
  until.add(row("b", 10.01));
  EXPECT_FALSE(until.enough(cell())) << "two values have no spread worth the name";
  until.add(row("b", 10.01));
  EXPECT_FALSE(until.enough(cell())) << "the same cell again is no repetition";
  until.add(row("c", 9.99));
  EXPECT_TRUE(until.enough(cell()));
}

// Student's t of two degrees of freedom is 4.303: 10 +- 0.1 J is known to 2.5 %.
TEST(Until, TheIntervalOfTheMeanDecides) {
  Until narrow({"train_J", 0.024}), wide({"train_J", 0.026});
  for (Until* until : {&narrow, &wide})
    for (const double J : {9.9, 10.0, 10.1}) until->add(row(std::to_string(J), J));
  EXPECT_FALSE(narrow.enough(cell()));
  EXPECT_TRUE(wide.enough(cell()));
}

TEST(Until, AContendedRepetitionDoesNotCountBecauseReportsLeaveItOut) {
  Until until({"train_J", 0.02});
  for (const char* id : {"a", "b"}) until.add(row(id, 10));
  auto contended = row("c", 10);
  contended.other_cpu_pct = 45;
  until.add(contended);
  EXPECT_FALSE(until.enough(cell()));
  until.add(row("d", 10));
  EXPECT_TRUE(until.enough(cell()));
}

TEST(Until, CellsOfAnotherPointAreOthers) {
  Until until({"train_J", 0.02});
  for (const char* id : {"a", "b", "c"}) until.add(row(id, 10, "batch=8"));
  EXPECT_FALSE(until.enough(cell()));
  EXPECT_TRUE(until.enough(cell({.batch = 8})));
}

TEST(Until, WhatHasNoJoulesIsNotRepeatedForThemAndWhatFailedDoesNotCount) {
  Until until({"train_J", 0.02});
  for (const char* id : {"a", "b", "c"}) {
    auto failed = row(id, 10);
    failed.status = "invalid";
    until.add(failed);
  }
  EXPECT_FALSE(until.enough(cell()));
  for (const char* id : {"a", "b", "c"}) {
    auto none = row(id, 10);
    none.train_gross_J.reset();
    until.add(none);
  }
  EXPECT_TRUE(until.enough(cell()));
}

TEST(Until, NetJoulesComeFirstAndSecondsAreAnotherQuantity) {
  Until joules({"train_J", 0.02}), seconds({"train_s", 0.02});
  const double net_J[]{1, 5, 9};
  for (int i = 0; i < 3; ++i) {
    auto r = row(std::to_string(i), 10);
    r.train_net_J = net_J[i];
    r.train_s = 2;
    joules.add(r);
    seconds.add(r);
  }
  EXPECT_FALSE(joules.enough(cell()));
  EXPECT_TRUE(seconds.enough(cell()));
}

TEST(Until, ATargetIsAQuantityAndAPercentage) {
  Settings s;
  EXPECT_EQ(precision_of(s).quantity, "");
  s.sweep.until = "train_J 2 %";
  EXPECT_EQ(precision_of(s).quantity, "train_J");
  EXPECT_DOUBLE_EQ(precision_of(s).relative, 0.02);
  for (const char* text :
       {"train_J", "train_J 2", "gross_J 2 %", "train_J 0 %", "train_J -1 %", "train_J 100 %", "train_J 2 % 3", "2 %", " "}) {
    s.sweep.until = text;
    EXPECT_THROW(precision_of(s), UsageError) << text;
  }
  EXPECT_FALSE(Until({}).enough(cell()));
}

}  // namespace
}  // namespace tbft
