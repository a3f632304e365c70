// tbft measure: the joules of any command, or of several that are compared.
#include "harness/cli/measure.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/host/child.h"

namespace tbft::cli {

namespace {

// Whether it needs more than one command's joules: repetitions that follow each other by a rule, steps around them, exports.
bool has_comparison_options(const MeasureOptions& options) {
  const auto& spec = options.commands;
  return !options.until.empty() || !options.cooldown.empty() || options.ignore_failure || !spec.prepare.empty() ||
         !spec.setup.empty() || !spec.cleanup.empty() || !spec.names.empty() || !options.export_json.empty() ||
         !options.export_csv.empty() || !options.export_markdown.empty();
}

void check_trace(const MeasureOptions& options) {
  if (options.trace.empty()) return;
  std::vector<std::filesystem::path> recordings{played_back(options.meter.uri)};
  for (const auto& uri : options.meter.further) recordings.push_back(played_back(uri));
  for (std::size_t i = 0; i < recordings.size(); ++i) check_appended("-o", trace_of_meter(options.trace, i), recordings);
  if (is_standard_output(options.trace))
    throw UsageError(fmt::format("-o {}: standard output belongs to the command; name a file or a pipe", options.trace));
}

int execute(const MeasureOptions& options) {
  auto spec = options.commands;
  if (options.no_shell) spec.shell = "none";
  if (!options.process.empty()) {
    if (!spec.words.empty() || !spec.commands.empty() || options.repetitions || has_comparison_options(options))
      throw UsageError("--pid measures a process that runs already; it takes no command, and nothing that repeats one");
    check_trace(options);
    return measure_process(options);
  }
  if (spec.words.empty() && spec.commands.empty())
    throw UsageError("a command is missing; for example `tbft measure sleep 1`, or `tbft measure 'sleep 1' 'sleep 2'`");
  const auto commands = plan_commands(spec, exists_as_command);
  check_trace(options);
  if (commands.size() == 1 && !has_comparison_options(options)) return measure_one(options, commands.front());
  return measure_several(options, commands);
}

void add_repetition_options(CLI::App& command, MeasureOptions& options) {
  command
      .add_option("-n,-r,--repetitions,--runs", options.repetitions,
                  "Number of runs of each command; each run has its own joules (default 1; 10 for several commands)")
      ->check(CLI::Range(1, 100000));
  command.add_option("-w,--warmup", options.warmup, "Number of runs of each command before these that are not measured")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command
      .add_option(
          "--until", options.until,
          "Repeat until half of the 95 % interval of each command's mean joules is below this part of the mean, e.g. 2%")
      ->type_name("PERCENT")
      ->excludes("--runs");
  command.add_option("--min-runs", options.min_runs, "Fewest repetitions with --until (default 5)")
      ->check(CLI::Range(2, 100000))
      ->needs("--until");
  command.add_option("--max-runs", options.max_runs, "Most repetitions with --until (default 100)")
      ->check(CLI::Range(2, 100000))
      ->needs("--until");
  command
      .add_option("--order", options.order,
                  "Order of several commands: interleaved (each once a round, in random order), or blocks (one after another)")
      ->check(CLI::IsMember({"interleaved", "blocks"}))
      ->type_name("ORDER")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of the random order")->capture_default_str();
  command
      .add_option("--cooldown", options.cooldown,
                  "auto: after each run, wait until idle power and temperature are back within noise of the first idle window")
      ->check(CLI::IsMember({"auto"}))
      ->type_name("auto");
  add_time_option(command, "--cooldown-limit", options.cooldown_limit_s, "Longest such wait (default 5min)")
      ->needs("--cooldown");
}

void add_command_options(CLI::App& command, MeasureOptions& options) {
  auto& spec = options.commands;
  const auto text = [&](const std::string& name, std::string& value, const std::string& help) {
    command.add_option(name, value, help)->type_name("CMD");
  };
  command.add_option("-c", spec.commands, "A command, as a line for the shell (repeatable: several are compared)")
      ->allow_extra_args(false)
      ->type_name("CMD");
  command
      .add_option("-L,--parameter-list", spec.parameters,
                  "Put each of the values VALUES (a,b,c) in the place of {VAR} in the commands; repeatable: all combinations")
      ->allow_extra_args(false)
      ->type_name("VAR VALUES");
  command.add_option("--command-name", spec.names, "Name of a command in tables (repeatable, in their order)")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command
      .add_option("-p,--prepare", spec.prepare,
                  "Run CMD before each run of a command (once: for all; else one for each command)")
      ->allow_extra_args(false)
      ->type_name("CMD");
  text("-s,--setup", spec.setup, "Run CMD once before all runs of a command");
  text("--cleanup", spec.cleanup, "Run CMD once after all runs of a command");
  command
      .add_option("-S,--shell", spec.shell,
                  "Shell for commands in quotes: default (sh), none (run the words), or a command line such as \"bash --norc\"")
      ->type_name("SHELL")
      ->capture_default_str();
  command.add_flag("-N", options.no_shell, "Same as --shell none");
  command.add_flag("--ignore-failure", options.ignore_failure, "Measure runs that exit with a code other than 0, too");
  command.add_flag("--show-output", options.show_output, "Several commands: print their output, which is discarded otherwise");
}

void add_export_options(CLI::App& command, MeasureOptions& options) {
  command.add_flag("--json", options.json,
                   "One command: print one JSON object per repetition, each on a line, with the column names of cells.csv. "
                   "Several, or one with --until, --cooldown, --ignore-failure, --command-name, --setup, --prepare, --cleanup "
                   "or an export: print what --export-json writes");
  const auto file = [&](const std::string& name, std::string& value, const std::string& help) {
    command.add_option(name, value, help)->type_name("FILE");
  };
  file("--export-json", options.export_json, "Write every repetition, means and ratios; seconds under hyperfine's names");
  file("--export-csv", options.export_csv, "Write one row for each command (`tbft columns measure`)");
  file("--export-markdown", options.export_markdown, "Write the table");
  command.add_flag("--force", options.force, "Replace files of --export-* that exist");
}

}  // namespace

void add_measure(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "measure",
                                              "Run a command and print its joules, or compare the joules of several; one "
                                              "command's streams and exit code pass through unchanged",
                                              execute);
  add_meters_option(*command, options->meter, WithoutMeter::fails);
  command
      ->add_option(
          "-o,--output", options->trace,
          "Write every reading to this trace.csv; an existing one gets another segment. A further meter's trace is beside it: "
          "trace.meter2.csv")
      ->type_name("TRACE");
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's default");
  add_realtime_option(*command, options->realtime);
  command
      ->add_option("--idle", options->idle_s,
                   "Seconds of each idle window before and after; with 0 net joules are unknown (default 5; 0 for an estimate "
                   "or replay)")
      ->check(number_in(0, 3600));
  add_repetition_options(*command, *options);
  command
      ->add_option("--timeout", options->timeout_s,
                   "Stop the command and all processes that it started after this many seconds; the exit code is then 124")
      ->check(number_above_0(longest_time_s));
  command
      ->add_option("--marker", options->marker,
                   "GPIO line that is high while the command runs, e.g. pinctrl-rp1:17, or one line for each phase: "
                   "command=CHIP:OFFSET,idle=CHIP:OFFSET")
      ->type_name("RULES");
  command
      ->add_option("--pid", options->process,
                   "Measure a process that runs already, until it ends or for --timeout seconds: its number or its name")
      ->type_name("N|NAME");
  add_command_options(*command, *options);
  add_export_options(*command, *options);
  command->add_option("command", options->commands.words,
                      "One command with its own options (`--` before it is needed if it begins with -), or two or more in "
                      "quotes: 'sleep 1' 'sleep 2'");
  command->positionals_at_end();
  command->footer(
      "Examples:\n"
      "  tbft measure -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -- python3 train.py\n"
      "  tbft measure -m um25c:///dev/rfcomm0 -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' ./train  # both, and their "
      "ratio\n"
      "  tbft measure -m um25c:///dev/rfcomm0 -r 10 -w 1 ./inference --images 500\n"
      "  tbft measure -m estimate:// --idle 0 --json -- sh -c 'sleep 1; exit 7'\n"
      "  tbft measure -r 10 'xz -k data' 'zstd -k data'             # which needs fewer joules, and by how much\n"
      "  tbft measure --until 2% --cooldown auto -p 'make clean' -L n 1,2,4 'make -j {n}'\n"
      "  tbft measure --pid 1234                                    # joules of the board until that process ends\n"
      "Several commands run by turns in random order, with idle windows between them. Options stand before the first command.\n"
      "Exit code: the command's (128+n on signal n, 124 after --timeout, 126/127 if it could not start); if not 0 it ends the\n"
      "repetitions unless --ignore-failure is given; 1 if --setup, --prepare or --cleanup fails; 3 no meter; 4 the commands\n"
      "exited with 0 but a measurement is invalid or missing; 130 interrupted: what was measured is printed.");
}

}  // namespace tbft::cli
