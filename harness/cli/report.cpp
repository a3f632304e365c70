// tbft report RUN_DIR: the tables of a run, from its cells.csv alone.
#include "results/report.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "harness/cli/command.h"
#include "plots/accuracy_energy.h"
#include "results/csv.h"

namespace tbft::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run;
  std::string format = "text";
  std::string output;
};

fs::path cells_of(const fs::path& run) {
  if (!fs::exists(run)) throw UsageError(run.string() + ": no such run directory or cells.csv");
  if (!fs::is_directory(run)) return run;
  fs::path cells = run / "cells.csv";
  if (!fs::exists(cells)) throw UsageError(cells.string() + " is missing: is " + run.string() + " a run directory?");
  return cells;
}

int report(const Options& options) {
  const fs::path cells = cells_of(options.run);
  const results::CellsFile file = results::read_cells(cells);
  if (file.torn_tail) {
    std::cerr << "warning: " << cells.string()
              << ": the last row is incomplete and left out; `tbft run --resume` runs its cell again\n";
  }
  if (file.rows.empty()) throw std::runtime_error(cells.string() + ": no rows yet, nothing to report");
  const std::string text = options.format == "gnuplot" ? plots::accuracy_energy_script(file.rows)
                                                       : results::report(file.rows, results::parse_format(options.format));
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
  CLI::App* command = app.add_subcommand("report", "Tables of a run: accuracy, joules, savings, the paper's numbers, who won");
  command->add_option("run", options->run, "Run directory, or a cells.csv")->required()->type_name("RUN_DIR");
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
      "  tbft report runs/quick --format gnuplot | gnuplot > quick.svg\n"
      "  tbft report runs/quick/cells.csv --format json | jq .winners");
  command->callback([options, &action] { action = [options] { return report(*options); }; });
}

}  // namespace tbft::cli
