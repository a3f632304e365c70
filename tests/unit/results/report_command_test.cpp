#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "harness/cli/command.h"
#include "harness/experiment/journal.h"
#include "results/csv.h"
#include "results/step_cost_csv.h"
#include "tests/unit/results/sample.h"

namespace tbft::cli {
namespace {

using results::test::row;
using results::test::TemporaryFolder;
using testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome tbft(const std::string& arguments) {
  CLI::App app;
  Action action;
  add_report(app, action);
  app.parse(arguments, false);
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  std::exception_ptr error;
  try {
    outcome.code = action();
  } catch (...) {
    error = std::current_exception();
  }
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  if (error) std::rethrow_exception(error);
  return outcome;
}

TEST(ReportCommand, ReadsARunDirectoryOrTheFileItself) {
  const TemporaryFolder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  const Outcome outcome = tbft("report " + run.path().string());
  EXPECT_EQ(outcome.code, Exit::ok);
  EXPECT_THAT(outcome.out, HasSubstr("synthetic, input drift"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(tbft("report " + (run / "cells.csv").string()).out, outcome.out);
}

TEST(ReportCommand, AllAddsTheTablesOfSingleConditions) {
  const TemporaryFolder run;
  for (const char* condition : {"fog-5", "snow-5"}) {
    auto cell = row("full", 0, 70, 20);
    cell.condition = condition;
    results::append_cell(run / "cells.csv", cell);
  }
  const std::string command = "report " + run.path().string();
  EXPECT_THAT(tbft(command).out, testing::AllOf(HasSubstr("mean of 2 conditions"), testing::Not(HasSubstr("fog-5"))));
  EXPECT_THAT(tbft(command + " --all").out, testing::AllOf(HasSubstr("fog-5"), HasSubstr("snow-5")));
  EXPECT_EQ(tbft(command + " --format csv --all").out, tbft(command + " --format csv").out);
}

TEST(ReportCommand, LeavesContendedCellsOutOfSavingsUnlessAskedToKeepThem) {
  const TemporaryFolder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  auto fc = row("fc", 0, 40, 5);
  fc.other_cpu_pct = 45;
  results::append_cell(run / "cells.csv", fc);
  const std::string left = tbft("report " + run.path().string()).out;
  EXPECT_THAT(left, HasSubstr("1 cell left out: other programs took over 30 % of the processors (--keep-contended)"));
  EXPECT_THAT(left, testing::Not(HasSubstr("75.0")));
  const std::string kept = tbft("report --keep-contended " + run.path().string()).out;
  EXPECT_THAT(kept, HasSubstr("1 cell ran while other programs took over 30 % of the processors"));
  EXPECT_THAT(kept, HasSubstr("75.0"));
}

TEST(ReportCommand, WarnsOfATornRowOnStderrAndGoesOn) {
  const TemporaryFolder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  results::test::write_file(run / "cells.csv", results::test::content(run / "cells.csv") + "1,torn");
  const Outcome outcome = tbft("report --format csv " + run.path().string());
  EXPECT_EQ(outcome.code, Exit::ok);
  EXPECT_THAT(outcome.err, HasSubstr("the last row is incomplete"));
  EXPECT_TRUE(outcome.out.starts_with("dataset,drift,"));
}

TEST(ReportCommand, SaysWhatIsMissing) {
  const TemporaryFolder run;
  EXPECT_THROW(tbft("report " + (run / "none").string()), UsageError);
  EXPECT_THROW(tbft("report " + run.path().string()), UsageError);
  EXPECT_THROW(tbft("report"), CLI::ParseError);
  EXPECT_THROW(tbft("report --format xml " + run.path().string()), CLI::ValidationError);
  results::test::write_file(run / "cells.csv", "");
  try {
    tbft("report " + run.path().string());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cells.csv: no rows yet"));
  }
}

TEST(ReportCommand, SeveralRunsAreOneReport) {
  const TemporaryFolder one, two;
  results::append_cell(one / "cells.csv", row("full", 0, 70, 20));
  results::append_cell(two / "cells.csv", row("full", 1, 80, 20));
  EXPECT_THAT(tbft("report -f csv " + one.path().string() + " " + (two / "cells.csv").string()).out, HasSubstr("full,2,75,"));
}

// Ten repetitions that agree, so that any width comes from the images that the journal holds.
TEST(ReportCommand, TestImagesComeFromTheJournal) {
  const TemporaryFolder run;
  {
    Journal journal(run / "journal.jsonl");
    for (std::int64_t r = 0; r < 10; ++r) {
      results::CellRow cell = row("full", r, 75, 20);
      cell.n_test = 100;
      cell.correct = 75;
      results::append_cell(run / "cells.csv", cell);
      journal.cell_begins(cell.cell_id);
      std::vector<bool> correct(100, true);
      std::fill_n(correct.begin(), 25, false);
      journal.cell_ends(cell.cell_id, correct);
    }
  }
  const std::string command = "report " + run.path().string();
  const Outcome with = tbft(command);
  EXPECT_EQ(with.err, "");
  EXPECT_THAT(with.out, testing::Not(HasSubstr("[75.00, 75.00]")));
  results::test::write_file(run / "journal.jsonl", "damaged\n");
  const Outcome without = tbft(command);
  EXPECT_EQ(without.code, Exit::ok);
  EXPECT_THAT(without.err, HasSubstr("journal.jsonl:1: not a journal line; intervals of this run are over repetitions only, "
                                     "and its diagnoses are left out"));
  EXPECT_THAT(without.out, HasSubstr("[75.00, 75.00]"));
}

TEST(ReportCommand, LevelsNamedComeFromTheJournal) {
  const TemporaryFolder run;
  {
    Journal journal(run / "journal.jsonl");
    for (const std::string drift : {"input", "output"}) {
      for (const std::string strategy : {"diagnosed", "full"}) {
        results::CellRow cell = row(strategy, 0, 75, 20);
        cell.drift = drift;
        cell.cell_id = strategy + drift;
        cell.n_test = 4;
        cell.correct = 3;
        results::append_cell(run / "cells.csv", cell);
        const std::string diagnosis = strategy == "diagnosed" ? R"({"level":"input"})" : "";
        journal.cell_ends(cell.cell_id, {true, true, true, false}, diagnosis);
      }
    }
  }
  const Outcome outcome = tbft("report " + run.path().string());
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("strategies that choose against the best in hindsight"));
  EXPECT_THAT(outcome.out, HasSubstr("mean recall over the 2 of 4 pure levels that occur: 50.0 %"));
}

TEST(ReportCommand, StepCostsAloneAreARunToo) {
  const TemporaryFolder run;
  results::StepCostRow step;
  step.variant = "tbft";
  step.strategy = "full";
  step.pixels = 32;
  step.classes = 10;
  results::write_step_costs(run / "step_cost.csv", {&step, 1});
  const Outcome outcome = tbft("report " + run.path().string());
  EXPECT_THAT(outcome.out, HasSubstr("one training step of one image, 32px-10out, tbft"));
  EXPECT_EQ(tbft("report " + (run / "step_cost.csv").string()).out, outcome.out);
}

TEST(ReportCommand, WritesAFile) {
  const TemporaryFolder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  const Outcome outcome = tbft("report -f md -o " + (run / "table.md").string() + " " + run.path().string());
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(results::test::content(run / "table.md").starts_with("## Summary"));
}

TEST(ReportCommand, AnHtmlPageIsOneFile) {
  const TemporaryFolder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  const Outcome outcome = tbft("report -f html " + run.path().string());
  EXPECT_EQ(outcome.code, Exit::ok);
  EXPECT_TRUE(outcome.out.starts_with("<!DOCTYPE html>"));
  EXPECT_THAT(outcome.out, HasSubstr("no run.json"));
  EXPECT_TRUE(tbft("report -f latex " + run.path().string()).out.starts_with("% \\usepackage{booktabs}"));
}

TEST(ReportCommand, HelpShowsExamples) {
  CLI::App app;
  Action action;
  add_report(app, action);
  EXPECT_THAT(app.get_subcommand("report")->help(), HasSubstr("tbft report runs/quick --format md"));
}

}  // namespace
}  // namespace tbft::cli
