// tbft report RUN_DIR...: prints the tables of one or several runs, from their cells.csv, journal and step_cost.csv.
#include "results/report.h"

#include <string>
#include <vector>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/runs_read.h"
#include "plots/report_page.h"

namespace tbft::cli {

namespace {

struct Options {
  std::vector<std::string> runs;
  std::string format = "text";
  std::string output;
  bool all = false;
  bool force = false;
  bool keep_contended = false;
};

std::string html(const RunsRead& runs) {
  const auto summary = results::summarize(runs.inputs);
  return plots::render_html(plots::report_page({runs.inputs, summary, runs.curves, ""}, runs.facts, runs.warnings));
}

int report(const Options& options) {
  check_output("-o", options.output, options.force, files_of_runs(options.runs));
  const bool page = options.format == "html";
  const RunsRead runs = read_runs(options.runs, page, options.keep_contended);
  write_result(options.output,
               page ? html(runs)
                    : results::report(runs.inputs, results::parse_format(options.format), layout_for(options.output),
                                      options.all ? results::Detail::all : results::Detail::means));
  return Exit::ok;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(
      app, action, "report", "Print tables of runs: accuracy, joules, savings, the paper's numbers, the winners", report);
  add_runs_option(*command, options->runs, "Run directories, or their cells.csv or step_cost.csv; several are reported as one");
  add_format_option(
      *command, options->format,
      "text, md, csv (long form), json, latex (booktabs), or html: one file with figures, sortable tables and the power of "
      "every cell, which needs no network",
      {"text", "md", "csv", "json", "latex", "html"});
  command->add_flag("--all", options->all,
                    "Text and Markdown: print the table of every condition, too; without it, means over conditions stand for "
                    "them. The other formats have all tables");
  command->add_option("-o,--output", options->output, "Write to this file instead of standard output")->type_name("FILE");
  add_force_option(*command, options->force);
  command
      ->add_flag_callback(
          "--json", [options = options] { options->format = "json"; }, "Same as --format json")
      ->excludes("--format");
  add_keep_contended_option(*command, options->keep_contended);
  command->footer(
      "Examples:\n"
      "  tbft report runs/quick\n"
      "  tbft report runs/quick --all                           # with the table of every condition\n"
      "  tbft report runs/quick --format html -o report.html    # open it in any browser\n"
      "  tbft report runs/quick --format md -o table.md\n"
      "  tbft report runs/input runs/feature runs/output        # the paper's headline needs all three levels\n"
      "  tbft report runs/quick/cells.csv --format json | jq .winners\n"
      "Figures as files: `tbft plot`. Comparison of two runs: `tbft compare`.");
}

}  // namespace tbft::cli
