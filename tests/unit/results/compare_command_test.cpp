// The command with its source: files in, text out, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "harness/cli/command.h"
#include "results/csv.h"
#include "tests/unit/results/sample.h"

namespace tbft::cli {
namespace {

using results::test::content;
using results::test::row;
using results::test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

std::string tbft(const std::string& arguments) {
  CLI::App app;
  Action action;
  add_compare(app, action);
  app.parse("compare " + arguments, false);
  testing::internal::CaptureStdout();
  std::exception_ptr error;
  try {
    EXPECT_EQ(action(), Exit::ok);
  } catch (...) {
    error = std::current_exception();
  }
  std::string out = testing::internal::GetCapturedStdout();
  if (error) std::rethrow_exception(error);
  return out;
}

// A run directory of five repetitions of two strategies.
struct MadeRun : TemporaryFolder {
  explicit MadeRun(double joules_factor = 1, std::int64_t measured = 1, const std::string& data = "one") {
    for (const char* strategy : {"fc", "full"}) {
      for (std::int64_t r = 0; r < 5; ++r) {
        auto cell = row(strategy, r, 70, (20 + 0.01 * static_cast<double>(r)) * joules_factor);
        cell.measured = measured;
        results::append_cell(*this / "cells.csv", cell);
      }
    }
    results::test::write_file(*this / "run.json",
                              R"({"run_id": "r", "effective": {"threads": 1}, "data": {"input/": ")" + data + "\"}}");
  }
  std::string name() const { return path().string(); }
};

TEST(CompareCommand, ARunWithItselfSaysNoDifference) {
  const MadeRun run;
  EXPECT_THAT(tbft(run.name() + " " + run.name()), HasSubstr("\nno difference\n"));
}

TEST(CompareCommand, JoulesMultipliedBy105AreFound) {
  const MadeRun a, b(1.05);
  EXPECT_THAT(tbft(a.name() + " " + b.name()), HasSubstr("B against A: train J net higher by 5.00 % [5.00, 5.00]"));
}

TEST(CompareCommand, RefusesOtherDataAndEstimatesUnlessTold) {
  const MadeRun a, data(1, 1, "two"), estimate(1, 0);
  for (const MadeRun* other : {&data, &estimate}) {
    try {
      tbft(a.name() + " " + other->name());
      FAIL();
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("not comparable"), HasSubstr("--force")));
    }
    EXPECT_THAT(tbft("--force " + a.name() + " " + other->name()), HasSubstr("NOT COMPARABLE: "));
  }
}

TEST(CompareCommand, WritesEveryFormat) {
  const MadeRun a, b(1.05);
  const std::string runs = a.name() + " " + b.name();
  EXPECT_TRUE(tbft("--format csv " + runs).starts_with("run_a,run_b,level,"));
  EXPECT_TRUE(tbft("--format json " + runs).starts_with("{"));
  EXPECT_THAT(tbft("--format md " + runs), HasSubstr("| cells |"));
  EXPECT_EQ(tbft("--format html -o " + (a / "c.html").string() + " " + runs), "");
  EXPECT_THAT(content(a / "c.html"), AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("higher by 5.00 %")));
}

TEST(CompareCommand, ThreeRunsAreComparedWithTheFirst) {
  const MadeRun a, b(1.05), c(0.9);
  const std::string text = tbft(a.name() + " " + b.name() + " " + c.name());
  EXPECT_THAT(text, AllOf(HasSubstr("higher by 5.00 %"), HasSubstr("lower by 10.00 %")));
}

TEST(CompareCommand, OneRunOrAMissingOneIsAUsageError) {
  const MadeRun a;
  EXPECT_THROW(tbft(a.name()), CLI::ParseError);
  EXPECT_THROW(tbft(a.name() + " " + (a / "none").string()), UsageError);
}

}  // namespace
}  // namespace tbft::cli
