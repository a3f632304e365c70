#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "harness/cli/command.h"
#include "results/csv.h"
#include "tests/unit/results/sample.h"

namespace tbft::cli {
namespace {

using results::test::Folder;
using results::test::row;
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
  const Folder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  const Outcome outcome = tbft("report " + run.path().string());
  EXPECT_EQ(outcome.code, Exit::ok);
  EXPECT_THAT(outcome.out, HasSubstr("synthetic, input drift"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(tbft("report " + (run / "cells.csv").string()).out, outcome.out);
}

TEST(ReportCommand, WarnsOfATornRowOnStderrAndGoesOn) {
  const Folder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  results::test::write(run / "cells.csv", results::test::content(run / "cells.csv") + "1,torn");
  const Outcome outcome = tbft("report --format csv " + run.path().string());
  EXPECT_EQ(outcome.code, Exit::ok);
  EXPECT_THAT(outcome.err, HasSubstr("the last row is incomplete"));
  EXPECT_TRUE(outcome.out.starts_with("dataset,drift,"));
}

TEST(ReportCommand, SaysWhatIsMissing) {
  const Folder run;
  EXPECT_THROW(tbft("report " + (run / "none").string()), UsageError);
  EXPECT_THROW(tbft("report " + run.path().string()), UsageError);
  EXPECT_THROW(tbft("report"), CLI::ParseError);
  EXPECT_THROW(tbft("report --format xml " + run.path().string()), CLI::ValidationError);
  results::test::write(run / "cells.csv", "");
  try {
    tbft("report " + run.path().string());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cells.csv: no rows yet"));
  }
}

TEST(ReportCommand, WritesAFile) {
  const Folder run;
  results::append_cell(run / "cells.csv", row("full", 0, 70, 20));
  const Outcome outcome = tbft("report -f md -o " + (run / "table.md").string() + " " + run.path().string());
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(results::test::content(run / "table.md").starts_with("## synthetic"));
}

TEST(ReportCommand, HelpShowsExamples) {
  CLI::App app;
  Action action;
  add_report(app, action);
  EXPECT_THAT(app.get_subcommand("report")->help(), HasSubstr("tbft report runs/quick --format md"));
}

}  // namespace
}  // namespace tbft::cli
