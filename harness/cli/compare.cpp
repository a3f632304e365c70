// tbft compare RUN_A RUN_B...: compares the same cells of two or more runs.
#include "results/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/runs_read.h"
#include "harness/experiment/run_inputs.h"
#include "harness/host/console.h"
#include "plots/compare_page.h"
#include "results/text.h"

namespace tbft::cli {

namespace {

struct CompareOptions {
  std::vector<std::string> runs;
  std::string format = "text";
  std::string output;
  bool force = false;
  bool keep_contended = false;
};

results::ComparedRun read_run(const std::string& name, bool keep_contended) {
  results::Inputs inputs;
  Console console;
  console.progress("reading " + name);
  const auto warn = [&](const std::string& what) { console.warning(what); };
  add_cells(cells_of(name), inputs, warn, keep_contended);
  return {name, std::move(inputs.cells), run_facts(name)};
}

std::string render(const std::vector<results::Comparison>& comparisons, const std::string& format,
                   const results::Layout& layout) {
  if (format == "csv") return results::render_csv(comparisons);
  if (format == "json") return results::render_json(comparisons);
  if (format == "html") return plots::render_html(plots::compare_page(comparisons));
  std::vector<results::Section> sections;
  for (const auto& comparison : comparisons) {
    auto more = results::sections_of(comparison);
    sections.insert(sections.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return format == "md" ? results::to_markdown(sections) : results::to_text(sections, layout);
}

int execute(const CompareOptions& options) {
  check_output("-o", options.output, options.force, files_of_runs(options.runs));
  const auto first = read_run(options.runs.front(), options.keep_contended);
  std::vector<results::Comparison> comparisons;
  for (auto name = options.runs.begin() + 1; name != options.runs.end(); ++name) {
    comparisons.push_back(results::compare(first, read_run(*name, options.keep_contended)));
    const auto& obstacles = comparisons.back().obstacles;
    if (!obstacles.empty() && !options.force) {
      throw UsageError(fmt::format("{} and {} are not comparable: {}; --force compares them anyway",
                                   results::printable(options.runs.front()), results::printable(*name),
                                   fmt::join(obstacles, "; ")));
    }
  }
  write_result(options.output, render(comparisons, options.format, layout_for(options.output)));
  return Exit::ok;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  const auto [command, options] =
      add_command(app, action, "compare",
                  "Compare the same cells of two runs: which joules, seconds and accuracies differ significantly", execute);
  add_runs_option(*command, options->runs, "Run directories, or their cells.csv; each is compared with the first")
      ->expected(2, 1000);
  add_format_option(*command, options->format, "text, md, csv (long form), json or html (one file that needs no network)",
                    {"text", "md", "csv", "json", "html"});
  command->add_option("-o,--output", options->output, "Write to this file instead of standard output")->type_name("FILE");
  command->add_flag("--force", options->force,
                    "Compare runs that are not comparable (other data, measured joules against estimates, other meter scopes), "
                    "and replace the file of -o");
  command
      ->add_flag_callback(
          "--json", [options = options] { options->format = "json"; }, "Same as --format json")
      ->excludes("--format");
  add_keep_contended_option(*command, options->keep_contended);
  command->footer(
      "Cells are paired by data set, drift, condition, training size, strategy and repetition. Joules and seconds are compared "
      "by\n"
      "their ratio, accuracies by their difference in percentage points. Many pairs are judged by\n"
      "Wilcoxon's signed rank test, one cell's repetitions (from 5) by Mann and Whitney's, both with Holm's correction. A "
      "ratio\n"
      "of joules from two meters is never significant within their gain errors.\n"
      "Examples:\n"
      "  tbft compare runs/pi4 runs/pi5\n"
      "  tbft compare runs/before runs/after --format csv | column -s, -t\n"
      "  tbft compare runs/a runs/b runs/c --format html -o compare.html");
}

}  // namespace tbft::cli
