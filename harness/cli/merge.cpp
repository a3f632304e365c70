// tbft merge -o OUT PART...: merges run directories of cells that were run separately.
#include "harness/sweep/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/host/console.h"
#include "harness/sweep/plan_of_run.h"

namespace tbft::cli {

namespace {

struct Options {
  std::vector<std::string> parts;
  std::string output;
  bool json = false;
};

void print_object(const Options& options, const MergeOutcome& outcome) {
  nlohmann::json object{{"output", options.output}, {"parts", options.parts.size()},     {"planned", outcome.planned},
                        {"ok", outcome.ok},         {"failed", outcome.failed},          {"invalid", outcome.invalid},
                        {"spared", outcome.spared}, {"missing", nlohmann::json::array()}};
  for (const auto& missing : outcome.missing) {
    nlohmann::json cell{{"index", missing.index}, {"cell_id", missing.id}};
    if (missing.cell)
      cell.update({{"dataset", missing.cell->dataset},
                   {"drift", missing.cell->drift},
                   {"condition", missing.cell->condition},
                   {"train_size", missing.cell->train_size},
                   {"strategy", missing.cell->strategy},
                   {"repetition", missing.cell->repetition},
                   {"point", missing.cell->point.text()}});
    object["missing"].push_back(std::move(cell));
  }
  print_json(object, 2);
}

std::string to_text(const Options& options, const MergeOutcome& outcome) {
  const auto spared = outcome.spared > 0 ? fmt::format("{} not needed by sweep.until, ", outcome.spared) : "";
  std::string text = fmt::format("{} of {} cells from {} parts: {} ok, {} failed, {} invalid, {}{} missing; {}\n",
                                 outcome.planned - outcome.spared - static_cast<std::int64_t>(outcome.missing.size()),
                                 outcome.planned, options.parts.size(), outcome.ok, outcome.failed, outcome.invalid, spared,
                                 outcome.missing.size(), options.output);
  constexpr std::size_t shown = 20;
  for (std::size_t i = 0; i < std::min(shown, outcome.missing.size()); ++i) {
    const auto& missing = outcome.missing[i];
    text += fmt::format("missing: cell {} ({}){}\n", missing.index, missing.id,
                        missing.cell ? ": " + cell_text(*missing.cell) : "");
  }
  if (outcome.missing.size() > shown)
    text += fmt::format("missing: {} more; --json names them all\n", outcome.missing.size() - shown);
  if (outcome.ok + outcome.spared < outcome.planned)
    text += fmt::format("`tbft run` with the parts' experiment and settings, -o {} and --resume runs them\n", options.output);
  return text;
}

int merge(const Options& options) {
  std::vector<std::string> command_line{"tbft", "merge", "-o", options.output};
  command_line.insert(command_line.end(), options.parts.begin(), options.parts.end());
  const auto outcome = merge_runs({options.parts.begin(), options.parts.end()}, options.output, command_line,
                                  [](const std::string& what) { print_error("tbft: warning: " + what); });
  if (options.json)
    print_object(options, outcome);
  else
    print_text(to_text(options, outcome));
  if (outcome.failed > 0 || !outcome.missing.empty()) return Exit::failed;
  return outcome.invalid > 0 ? Exit::invalid_measurement : Exit::ok;
}

}  // namespace

void add_merge(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "merge", summary_of_train_command("merge"), merge);
  command->add_option("part", options->parts, "Run directories of the same plan; each cell may be in only one of them")
      ->required()
      ->type_name("PART");
  command->add_option("-o,--output", options->output, "Run directory to write; it must not exist")
      ->required()
      ->type_name("OUT");
  command->add_flag("--json", options->json, "Print the counts and the missing cells as JSON");
  command->footer(
      "Examples:\n"
      "  tbft run sweep.toml --cell 0 -o parts/0            # each cell anywhere: another machine of the same kind, an array "
      "task\n"
      "  tbft run sweep.toml --cell 1 -o parts/1\n"
      "  tbft merge -o runs/sweep parts/*                   # rows, journals, traces: a run directory as any other\n"
      "  tbft run sweep.toml -o runs/sweep --resume         # the cells that no part had\n"
      "Exit code: 0 all cells are ok; 1 some are missing or failed, 4 invalid (OUT is written in any case); 2 refused.\n"
      "experiments/slurm/ submits a sweep as an array of jobs.");
}

}  // namespace tbft::cli
