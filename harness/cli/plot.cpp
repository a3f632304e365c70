// tbft plot RUN_DIR... -o DIR: draws the figures of one or several runs, one file for each.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/runs_read.h"
#include "harness/host/console.h"
#include "plots/figure.h"
#include "plots/gnuplot.h"
#include "results/files.h"
#include "results/text.h"

namespace tbft::cli {

namespace {

struct PlotOptions {
  std::vector<std::string> runs, figures;
  std::string directory = ".";
  std::string format = "svg";
  std::string cell;
  bool force = false, json = false;
  bool keep_contended = false;
};

int execute(const PlotOptions& options) {
  const RunsRead runs = read_runs(options.runs, true, options.keep_contended);
  if (!options.cell.empty() &&
      std::ranges::none_of(runs.curves, [&](const auto& curve) { return curve.first.second == options.cell; }))
    throw UsageError(fmt::format("--cell {}: no trace has a cell of this id", results::printable(options.cell)));
  const auto summary = results::summarize(runs.inputs);
  const auto figures = plots::make_figures({runs.inputs, summary, runs.curves, options.cell}, options.figures);
  if (figures.empty()) throw std::runtime_error("nothing to draw: no cell has the values that these figures show");
  const auto path_of = [&](const plots::Figure& figure) {
    return std::filesystem::path(options.directory) / fmt::format("{}.{}", figure.name, options.format);
  };
  std::filesystem::create_directories(options.directory);
  for (const auto& figure : figures) check_output("-o", path_of(figure), options.force, files_of_runs(options.runs));
  Console console;
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const auto& figure : figures) {
    const auto path = path_of(figure);
    console.progress(fmt::format("drawing {}", figure.name));
    const auto terminal = options.format == "png" ? plots::Terminal::png : plots::Terminal::svg;
    const bool is_script = options.format == "gnuplot";
    results::write_file_atomically(path, is_script ? plots::script_of(figure, terminal) : plots::draw(figure, terminal));
    console.clear();
    if (!options.json) print_out("{}\n", path.string());
    files.push_back({{"figure", figure.name}, {"file", path.string()}});
  }
  if (options.json) print_json(nlohmann::ordered_json{{"figures", files}}, 1);
  return Exit::ok;
}

std::string kinds_help() {
  std::string text = "Figures:\n";
  for (const auto& kind : plots::figure_kinds()) text += fmt::format("  {:<16} {}\n", kind.name, kind.what);
  return text;
}

}  // namespace

void add_plot(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(
      app, action, "plot", "Draw figures of runs as SVG or PNG: accuracy, joules, savings, power, idle power", execute);
  add_runs_option(*command, options->runs, "Run directories, or their cells.csv; several are drawn as one");
  command->add_option("-o,--output", options->directory, "Folder for the files; it is created if it does not exist")
      ->type_name("DIR")
      ->capture_default_str();
  add_format_option(*command, options->format, "svg, png, or gnuplot (the scripts, which you can change and draw yourself)",
                    {"svg", "png", "gnuplot"});
  std::vector<std::string> names;
  for (const auto& kind : plots::figure_kinds()) names.emplace_back(kind.name);
  command->add_option("--figure", options->figures, "Only this figure (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names))
      ->type_name("NAME");
  command->add_option("--cell", options->cell, "Id of the cell whose power is drawn (default: the cell that trained longest)")
      ->type_name("CELL_ID");
  command->add_flag("--force", options->force, "Replace figures that exist");
  command->add_flag("--json", options->json, "Print the names of the files as JSON");
  add_keep_contended_option(*command, options->keep_contended);
  command->footer(kinds_help() +
                  "\nExamples:\n"
                  "  tbft plot runs/quick -o figures\n"
                  "  tbft plot runs/quick --figure accuracy-energy --format png -o figures\n"
                  "  tbft plot runs/quick --figure power --cell 1a2b3c4d5e6f\n"
                  "  tbft plot runs/quick --format gnuplot -o scripts && gnuplot scripts/idle.gnuplot > idle.svg");
}

}  // namespace tbft::cli
