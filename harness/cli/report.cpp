// tbft report RUN_DIR...: the tables of one or several runs, from their cells.csv, journal and step_cost.csv.
#include "results/report.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "harness/cli/command.h"
#include "harness/run_inputs.h"
#include "plots/accuracy_energy.h"
#include "results/csv.h"

namespace tbft::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> runs;
  std::string format = "text";
  std::string output;
};

void add_cells(const fs::path& cells, results::Inputs& inputs) {
  const auto before = inputs.cells.size();
  tbft::add_cells(cells, inputs, [](const std::string& what) { std::cerr << "warning: " << what << '\n'; });
  if (inputs.cells.size() == before) throw std::runtime_error(cells.string() + ": no rows yet, nothing to report");
}

void add_step_costs(const fs::path& file, results::Inputs& inputs) {
  const auto rows = results::read_step_costs(file);
  inputs.step_costs.insert(inputs.step_costs.end(), rows.begin(), rows.end());
}

// A run directory holds cells.csv, step_cost.csv or both.
void add_run(const fs::path& run, results::Inputs& inputs) {
  if (!fs::exists(run)) throw UsageError(run.string() + ": no such run directory or cells.csv");
  if (!fs::is_directory(run)) return run.filename() == "step_cost.csv" ? add_step_costs(run, inputs) : add_cells(run, inputs);
  const fs::path cells = run / "cells.csv";
  const fs::path steps = run / "step_cost.csv";
  if (fs::exists(steps)) add_step_costs(steps, inputs);
  if (fs::exists(cells)) return add_cells(cells, inputs);
  if (!fs::exists(steps)) throw UsageError(cells.string() + " is missing: is " + run.string() + " a run directory?");
}

int report(const Options& options) {
  results::Inputs inputs;
  for (const std::string& run : options.runs) add_run(run, inputs);
  const std::string text = options.format == "gnuplot" ? plots::accuracy_energy_script(inputs.cells)
                                                       : results::report(inputs, results::parse_format(options.format));
  if (options.output.empty()) {
    std::cout << text << std::flush;
    if (!std::cout) throw std::runtime_error("cannot write the report to standard output");
  } else {
    results::write_file_atomically(options.output, text);
  }
  return Exit::ok;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("report", "Tables of runs: accuracy, joules, savings, the paper's numbers, who won");
  command->add_option("run", options->runs, "Run directories, or their cells.csv or step_cost.csv; several are reported as one")
      ->required()
      ->type_name("RUN_DIR");
  command
      ->add_option("-f,--format", options->format,
                   "text, md, csv (long form), json, or gnuplot (a script that draws accuracy against joules)")
      ->check(CLI::IsMember({"text", "md", "csv", "json", "gnuplot"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Write to this file instead of standard output")->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  tbft report runs/quick\n"
      "  tbft report runs/quick --format md -o table.md\n"
      "  tbft report runs/input runs/feature runs/output        # the paper's headline needs all three levels\n"
      "  tbft report runs/quick --format gnuplot | gnuplot > quick.svg\n"
      "  tbft report runs/quick/cells.csv --format json | jq .winners");
  command->callback([options, &action] { action = [options] { return report(*options); }; });
}

}  // namespace tbft::cli
