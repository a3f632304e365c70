// tbft run: runs the cells of an experiment file into a run directory.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/train_program.h"
#include "harness/experiment/experiments.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/run_inputs.h"
#include "harness/experiment/settings.h"
#include "harness/experiment/trace_space.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/provenance.h"
#include "harness/measurement/run_meter.h"
#include "harness/sweep/forecast.h"
#include "harness/sweep/memory_fit.h"
#include "harness/sweep/runner.h"
#include "harness/training/strategies/strategy.h"
#include "results/report.h"

namespace tbft::cli {

namespace {

struct RunOptions {
  std::string experiment;
  std::string directory;
  MeterChoice meter{.uri = ""};
  std::string marker;
  std::string trace, realtime;
  std::string status;
  std::string memory_limit;
  std::vector<std::string> set;
  std::vector<std::string> cells;
  std::int64_t jobs = 0;
  bool tune_lr = false;
  bool resume = false;
  bool dry_run = false;
  bool allow_script = false;
  bool json = false;
};

// A program is only taken from -m. Says where the URI is that names one.
void require_permitted(const Settings& settings, const MeterChoice& typed, const std::string& experiment) {
  std::string where = typed.uri.empty() ? experiment + ": meter.uri" : "TBFT_METER";
  try {
    power::require_permitted(settings.meter.uri, typed.programs);
    where = experiment + ": meter.also";
    for (const auto& uri : settings.meter.also) power::require_permitted(uri, typed.programs);
  } catch (const power::BadMeterUri& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
}

// The expected size of the trace. A missing meter is not an error here.
std::string trace_line(const Settings& settings, const RunOptions& options, const std::vector<Cell>& cells) {
  if (options.jobs > 0) return "trace: none, because --jobs measures nothing";
  if (settings.meter.trace == "off") return "trace: none (meter.trace = off)";
  try {
    std::vector<std::string> warnings;  // unused, because the run itself will warn
    const auto meters = open_named_meters({settings.meter.uri, options.meter.programs, settings.meter.also},
                                          settings.meter.interval_s, WithoutMeter::estimates, warnings);
    const double idle_s = idle_seconds(settings.idle.seconds, meters.front()->info());
    const auto cells_csv = std::filesystem::path(options.directory) / "cells.csv";
    double rows_per_s = 0;
    for (const auto& meter : meters) rows_per_s += trace_rows_per_s(*meter, settings.meter.interval_s);
    return trace_size_text({.rows_per_s = rows_per_s,
                            .seconds = options.directory.empty() ? std::nullopt : seconds_left(cells_csv, cells, idle_s),
                            .cells_only = settings.meter.trace == "cells"});
  } catch (const std::exception& error) {
    return fmt::format("trace: size unknown: {}", error.what());
  }
}

void print_cells(const std::vector<Cell>& plan) {
  print_out("cell_id,order_index,dataset,drift,condition,train_size,strategy,repetition,seed,point\n");
  for (const auto& c : plan)
    print_out("{},{},{},{},{},{},{},{},{},{}\n", c.id, c.order_index, c.dataset, c.drift, c.condition, c.train_size, c.strategy,
              c.repetition, c.seed, c.point.text());
  std::fflush(stdout);  // the estimate takes its time
}

nlohmann::ordered_json json_of(const Cell& c) {
  return {{"cell_id", c.id},          {"order_index", c.order_index}, {"dataset", c.dataset},   {"drift", c.drift},
          {"condition", c.condition}, {"train_size", c.train_size},   {"strategy", c.strategy}, {"repetition", c.repetition},
          {"seed", c.seed},           {"point", c.point.text()}};
}

nlohmann::ordered_json json_of(const MemoryChoice& memory) {
  return {{"limit_bytes", *memory_limit_bytes(memory.settings)},
          {"needed_bytes", memory.needed_bytes},
          {"batch", memory.settings.train.batch},
          {"keeps_none", memory.keeps_none},
          {"notes", memory.notes}};
}

// The settings with the batch that fits into memory_limit, and what else to do about it; nothing without a limit.
std::optional<MemoryChoice> fit(Settings& settings, const RunOptions& options) {
  if (settings.memory_limit.empty()) return std::nullopt;
  Console console;
  const StopOnSignal stop;
  auto choice = fit_plan_to_memory(settings, options.allow_script, console, stop.flag());
  settings = choice.settings;
  return choice;
}

Forecast forecast_of(const Settings& settings, const RunOptions& options, const std::optional<MemoryChoice>& memory,
                     const std::vector<Cell>& plan) {
  Forecast forecast;
  if (memory && memory->warm_up != "full") {
    forecast.unknown = "no steps are timed, because those of full do not fit into memory_limit";
    return forecast;
  }
  if (options.jobs > 0) {
    forecast.unknown = "with --jobs cells share the processors, and no joules are measured";
    return forecast;
  }
  const Board board;
  Console console;
  const StopOnSignal stop;
  return make_forecast({settings, plan, options.directory, options.allow_script, options.meter.programs}, board, console,
                       stop.flag());
}

// The plan goes to stdout, as CSV or with the rest as JSON; what is expected goes to stderr.
void print_plan(const Settings& settings, const RunOptions& options, const std::optional<MemoryChoice>& memory,
                const ExperimentOrigin& experiment) {
  const auto plan = select_cells(make_plan(settings, identify(settings)), options.cells);
  const auto trace = trace_line(settings, options, plan);
  if (options.json) {
    auto cells = nlohmann::ordered_json::array();
    for (const auto& cell : plan) cells.push_back(json_of(cell));
    nlohmann::ordered_json json{
        {"experiment", {{"name", experiment.name}, {"built_in", experiment.built_in}}}, {"cells", cells}, {"trace", trace}};
    if (memory) json["memory"] = json_of(*memory);
    json["estimate"] = to_json(forecast_of(settings, options, memory, plan));
    print_json(json, 1);
    return;
  }
  print_cells(plan);
  print_error(fmt::format("experiment: {}", experiment.text()));
  print_error(trace);
  if (memory)
    for (const auto& note : memory->notes) print_error(note);
  print_error(fmt::format("estimate: {}", to_text(forecast_of(settings, options, memory, plan))));
}

int execute(const RunOptions& options) {
  if (options.resume && options.directory.empty()) throw UsageError("--resume continues the run in -o: name its directory");
  auto set = options.set;
  if (!options.meter.uri.empty()) {
    set.push_back(string_option("meter.uri", options.meter.uri));
    // All meters of the command line, so that none of a file stands beside them.
    if (options.meter.programs == power::Programs::allowed) set.push_back(string_option("meter.also", options.meter.further));
  }
  if (!options.marker.empty()) set.push_back("meter.marker='" + options.marker + "'");
  if (!options.trace.empty()) set.push_back("meter.trace=" + options.trace);
  if (!options.realtime.empty()) set.push_back("meter.realtime=" + options.realtime);
  if (!options.memory_limit.empty()) set.push_back(fmt::format("memory_limit={}", nlohmann::json(options.memory_limit).dump()));
  if (options.tune_lr) set.emplace_back("train.lr_search=[0.1,0.3,1,3,10]");
  const auto experiment = read_experiment(options.experiment);
  auto settings = parse_settings(experiment.toml, experiment.origin.text(), set);
  require_permitted(settings, options.meter, experiment.origin.text());
  const auto memory = fit(settings, options);
  if (options.dry_run) {
    print_plan(settings, options, memory, experiment.origin);
    return Exit::ok;
  }
  check_status_file(options.status,
                    {options.experiment, settings.model.checkpoint, settings.model.reference, played_back(settings.meter.uri)});
  const Board board;
  Console console;
  const StopOnSignal stop;
  RunRequest request{
      .settings = settings,
      .directory = options.directory.empty() ? fmt::format("runs/{}-{}", settings.name, utc_compact()) : options.directory,
      .resume = options.resume,
      .command_line = {"tbft", "run", options.experiment},
      .cells = options.cells,
      .jobs = options.jobs,
      .status = options.status,
      .allow_script = options.allow_script,
      .programs = options.meter.programs,
      .experiment = experiment.origin};
  if (memory) {
    request.keeps_none = memory->keeps_none;
    request.warm_up = memory->warm_up;
    for (const auto& note : memory->notes) console.line(note);
  }
  for (const auto& option : set) request.command_line.push_back("--set " + option);
  for (const auto& cell : options.cells) request.command_line.push_back("--cell " + cell);
  if (options.jobs > 0) request.command_line.push_back(fmt::format("--jobs {}", options.jobs));
  if (options.allow_script) request.command_line.emplace_back("--allow-script");
  RunOutcome outcome;
  try {
    outcome = run_experiment(request, board, console, stop.flag());
  } catch (const Interrupted&) {
    // Only finished cells have a row; the interrupted one leaves only readings.
    throw Interrupted(fmt::format("interrupted; finished cells are kept. Continue with the same command, -o {} and --resume",
                                  request.directory.string()));
  }
  console.clear();
  results::Inputs inputs;
  add_cells(request.directory / "cells.csv", inputs, [&](const std::string& what) { console.warning(what); });
  const auto spared = outcome.spared > 0 ? fmt::format("{} not needed by sweep.until, ", outcome.spared) : "";
  console.line(fmt::format("{} cells: {} ok, {} done before, {}{} failed, {} invalid; {}", outcome.planned, outcome.ok,
                           outcome.skipped, spared, outcome.failed, outcome.invalid,
                           (request.directory / "cells.csv").string()));
  write_out(results::report(inputs, options.json ? results::Format::json : results::Format::text, output_layout()));
  if (outcome.failed > 0) return Exit::failed;
  return outcome.invalid > 0 ? Exit::invalid_measurement : Exit::ok;
}

std::string keys_help() {
  std::string text = "Keys of an experiment file and of --set:\n";
  for (const auto& key : setting_keys()) text += fmt::format("  {:<20} {}\n", key.name, key.help);
  return text;
}

std::string strategies_help() {
  std::string text = "Strategies:\n";
  for (const auto* strategy : strategies()) text += fmt::format("  {:<10} {}\n", strategy->name, strategy->summary);
  return text + "\n";
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "run", summary_of_train_command("run"), execute);
  command
      ->add_option("experiment", options->experiment,
                   "Experiment file (TOML), or the name of one that `tbft experiments` lists")
      ->required();
  command->add_option("-o,--output", options->directory, "Run directory (default: runs/NAME-TIME)")->envname("TBFT_OUTPUT");
  add_meters_option(*command, options->meter, WithoutMeter::estimates);
  command
      ->add_option(
          "--marker", options->marker,
          "Raise GPIO lines in phases: train=CHIP:OFFSET,validate=...; CHIP:OFFSET alone: in every window except idle ones")
      ->type_name("RULES");
  command
      ->add_option("--trace", options->trace,
                   "Readings to keep: full (default), cells (only those in cells and idle windows), off")
      ->check(CLI::IsMember({"full", "cells", "off"}))
      ->type_name("full|cells|off");
  add_realtime_option(*command, options->realtime);
  command
      ->add_option("--status", options->status,
                   "Keep this JSON file up to date: progress, ETA, watts, joules, state (the file is replaced once a second)")
      ->type_name("FILE");
  command
      ->add_option(
          "--memory-limit", options->memory_limit,
          "Peak memory of the process, e.g. 512MiB or 2GB: outputs of frozen blocks are not kept, and a batch that the "
          "experiment leaves open is smaller, if that is needed; otherwise the run is refused with the figure")
      ->type_name("SIZE");
  command->add_option("--set", options->set, "Set a key: --set sweep.repetitions=3 (repeatable)")->allow_extra_args(false);
  command->add_flag("--tune-lr", options->tune_lr,
                    "First try 0.1, 0.3, 1, 3 and 10 times each learning rate; the best validation loss decides");
  command
      ->add_option(
          "-j,--jobs", options->jobs,
          "Run cells in this many processes at once, for accuracies only: no meter is opened, and joules and times stay "
          "empty. Each process uses its share of the cores (or `threads`)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command
      ->add_option("--cell", options->cells,
                   "Run only this cell of the plan, named by order_index or cell_id as --dry-run prints them "
                   "(repeatable); `tbft merge` joins such parts")
      ->type_name("K")
      ->allow_extra_args(false);
  add_allow_script_option(*command, options->allow_script);
  command->add_flag("--resume", options->resume, "Continue the run in -o: runs missing, failed and invalid cells");
  command->add_flag(
      "--dry-run", options->dry_run,
      "Print the cells as CSV, and what to expect: the size of the trace, hours and joules, from a few steps that "
      "are timed; run nothing");
  command->add_flag("--json", options->json, "Print the report, or with --dry-run the plan, as JSON");
  command->footer(
      "Examples:\n"
      "  tbft run quickstart --set model.checkpoint=base.pth -o runs/first\n"
      "  tbft run cifar-flip --set data.path=cifar10/test --set model.checkpoint=resnet26.pth \\\n"
      "      -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' --set sweep.train_sizes=[0.1]\n"
      "  tbft run cifar-flip ... -m um25c:///dev/rfcomm0 -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'  # two meters\n"
      "  tbft run cifar-flip ... -o runs/first --dry-run      # what it would run, how long, how many joules\n"
      "  tbft run cifar-flip ... -o runs/first --resume\n"
      "  tbft run cifar-flip ... --memory-limit 512MiB --dry-run    # the batch that fits, and what it needs\n"
      "  tbft run cifar-flip ... -o runs/fast --jobs 4        # accuracies of four cells at once\n"
      "  tbft run cifar-flip ... -o parts/7 --cell 7          # one cell, here; the others elsewhere\n\n" +
      strategies_help() + keys_help());
}

}  // namespace tbft::cli
