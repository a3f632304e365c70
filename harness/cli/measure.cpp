// tbft measure: the joules of any command.
#include <fmt/format.h>

#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "harness/cli/command.h"
#include "harness/cli/output.h"
#include "harness/cli/sampling_options.h"
#include "harness/cli/time_option.h"
#include "harness/experiment/journal.h"
#include "harness/host/board.h"
#include "harness/host/child.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/process_tree.h"
#include "harness/host/processor_use.h"
#include "harness/host/provenance.h"
#include "harness/measurement/energy_row.h"
#include "harness/measurement/energy_text.h"
#include "harness/measurement/marker.h"
#include "harness/measurement/run_meter.h"
#include "results/json.h"
#include "results/statistics.h"
#include "results/text.h"
#include "tbft/power/monitor.h"
#include "tbft/power/plausible.h"
#include "tbft/power/registry.h"

namespace tbft::cli {

namespace {

struct MeasureOptions {
  std::string meter = "auto";
  std::string trace, marker;
  std::string realtime = "auto";
  double interval_s = 0;
  std::optional<double> idle_s, timeout_s;
  int repetitions = 1;
  int warmup = 0;
  bool json = false;
  std::vector<std::string> command;
};

struct Repetition {
  std::string started_utc;
  double sampler_cpu_s = 0;
  power::Energy gross;
  power::NetEnergy net;
  std::optional<ProcessorUse> use;
  std::string doubt;  // what is to be said of valid joules
};

// The windows of one measurement: repetition/N/command, and an idle window before each and after the last.
class Measurement {
 public:
  Measurement(const MeasureOptions& options, power::Monitor& monitor, ChildRunner& child, Console& console, double idle_s)
      : options_(options),
        monitor_(monitor),
        child_(child),
        console_(console),
        idle_s_(idle_s),
        not_the_commands_(descendants(getpid())) {}

  // The exit code of the command: of the first one that is not 0, which also is the last one to run.
  int run() {
    for (int i = 0; i < options_.warmup; ++i) {
      console_.progress(fmt::format("warm-up {} of {}", i + 1, options_.warmup));
      console_.clear();  // from here on the terminal is the command's
      if (const int code = child_.run(options_.command, options_.timeout_s); code != 0) {
        console_.line(fmt::format("tbft: the warm-up ended with {}; nothing was measured", code));
        return code;
      }
      if (child_.signalled()) throw Interrupted("interrupted during the warm-up");
    }
    idle(0);
    int code = 0;
    for (int i = 0; i < options_.repetitions && code == 0 && !child_.signalled(); ++i) {
      if (i > 0 && !monitor_.failure().empty()) {
        console_.warning(
            fmt::format("the meter failed: {}; {} of {} repetitions were run", monitor_.failure(), i, options_.repetitions));
        break;
      }
      Repetition repetition{.started_utc = utc_now()};
      const double cpu_before_s = monitor_.sampler().cpu_s;
      const auto before = board_.processor_times();
      monitor_.begin(window(i, "command"));
      code = child_.run(options_.command, options_.timeout_s);
      // From here on the command's exit code is known and must not be lost to an error of ours.
      try {
        monitor_.end(window(i, "command"));
        repetition.sampler_cpu_s = monitor_.sampler().cpu_s - cpu_before_s;
        repetition.use = processor_use(before, board_.processor_times());
        idle(i + 1);
        settle(i, repetition);
      } catch (const Interrupted&) {
        settle_gross(i, repetition, {});
        repetitions_.push_back(std::move(repetition));
        if (code == 0) throw;
        return code;
      } catch (const std::exception& error) {
        if (code == 0) throw;
        console_.line(fmt::format("tbft: {}", results::error_text(error)));
        return code;
      }
      repetitions_.push_back(std::move(repetition));
    }
    return code;
  }

  const std::vector<Repetition>& repetitions() const { return repetitions_; }

 private:
  static std::string window(int i, std::string_view phase) { return fmt::format("repetition/{}/{}", i, phase); }

  void idle(int i) {
    if (idle_s_ <= 0) return;
    console_.progress(fmt::format("measuring idle power for {} s", idle_s_));
    const auto processors = board_.processor_times();
    const auto left = left_behind();
    monitor_.begin(window(i, "idle"));
    child_.sleep(idle_s_);
    monitor_.end(window(i, "idle"));
    use_before_ = std::exchange(use_after_, processor_use(processors, board_.processor_times()));
    left_text_ = left_text(left);
    console_.clear();
  }

  struct LeftBehind {
    pid_t process;
    std::string name;
    double processor_s;  // until now
  };
  // What the command started and what outlived it.
  std::vector<LeftBehind> left_behind() const {
    std::vector<LeftBehind> found;
    for (const pid_t process : descendants(getpid())) {
      const auto info = process_info(process);
      const bool ours = std::ranges::find(not_the_commands_, process) != not_the_commands_.end();
      if (!ours && !info.ended) found.push_back({process, results::printable(info.name, 40), info.processor_s});
    }
    return found;
  }

  // What they did since; empty where there were none.
  static std::string left_text(const std::vector<LeftBehind>& left) {
    if (left.empty()) return {};
    std::set<std::string> names;
    double processor_s = 0;
    for (const auto& [process, name, before_s] : left) {
      names.insert(name);
      processor_s += std::max(0.0, process_info(process).processor_s - before_s);
    }
    return fmt::format(
        "the command left {} process{} behind ({}), which took {:.2f} s of processor time in the idle window after it: idle "
        "power may be too high and net too low",
        left.size(), left.size() == 1 ? "" : "es", fmt::join(names, ", "), processor_s);
  }

  static power::WatchedEnergy watched(const power::Energy& energy, const std::optional<ProcessorUse>& use) {
    return use ? power::WatchedEnergy{&energy, use->busy_pct, use->busy_processors} : power::WatchedEnergy{&energy};
  }

  void doubt(Repetition& repetition, const std::string& text) {
    if (text.empty()) return;
    repetition.doubt += (repetition.doubt.empty() ? "" : "; ") + text;
    console_.warning(text);
  }

  void settle_gross(int i, Repetition& repetition, std::span<const power::WatchedEnergy> idle) {
    power::Energy& gross = repetition.gross;
    gross = monitor_.energy(window(i, "command"));
    const auto still = power::stands_still(monitor_.meter(), watched(gross, repetition.use), idle);
    const std::string negative = power::negative_reason(gross);
    doubt(repetition, still.warning);
    if (!negative.empty() || !still.invalid.empty()) power::invalidate(gross, negative.empty() ? still.invalid : negative);
    // What is played back was not disturbed now.
    const bool live = !monitor_.meter().uri.starts_with("replay:");
    if (live && repetition.use && repetition.use->other_pct.value_or(0) > crowded_pct)
      doubt(repetition,
            fmt::format("{}: joules and time hold their work too", other_programs_text(*repetition.use->other_pct)));
  }

  void settle(int i, Repetition& repetition) {
    if (idle_s_ <= 0) return settle_gross(i, repetition, {});
    const auto before = monitor_.energy(window(i, "idle"));
    const auto after = monitor_.energy(window(i + 1, "idle"));
    settle_gross(i, repetition, std::array{watched(before, use_before_), watched(after, use_after_)});
    doubt(repetition, left_text_);
    auto& net = repetition.net = power::net(repetition.gross, before, after);
    if (!std::isfinite(net.idle_W)) console_.warning("idle power is unknown: " + (before.valid ? after.reason : before.reason));
    if (const auto negative = power::negative_reason(net, repetition.gross); !negative.empty()) {
      doubt(repetition, negative);
      net.net_J = net.U_net_J = net.U_random_net_J = power::unknown;
    }
  }

  const MeasureOptions& options_;
  power::Monitor& monitor_;
  ChildRunner& child_;
  Console& console_;
  double idle_s_;
  Board board_;
  std::vector<pid_t> not_the_commands_;                 // of a meter that is a program
  std::optional<ProcessorUse> use_before_, use_after_;  // of the processors in the last two idle windows
  std::string left_text_;
  std::vector<Repetition> repetitions_;
};

std::string line_of(const char* name, std::span<const double> values, std::size_t all, const char* unit) {
  // Repetitions without a reading are the short ones: a mean of the others would be too high.
  if (values.empty()) return "";
  if (values.size() < all)
    return fmt::format("{:<9} no mean: only {} of {} repetitions have it, and they need not be like the others\n", name,
                       values.size(), all);
  const auto s = results::statistics(values);
  std::string text = fmt::format("{:<9} {:.4g} {} mean of {}", name, s.mean, unit, s.n);
  if (s.n > 1)
    text += fmt::format(", standard deviation {:.2g}, 95 % interval of the mean {:.4g} to {:.4g}", s.sd, s.low, s.high);
  return text + "\n";
}

std::string text_of(const std::vector<Repetition>& all) {
  if (all.size() == 1) return energy_text(all.front().gross, all.front().net);
  std::string text;
  std::vector<double> gross_J, net_J, duration_s;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& gross = all[i].gross;
    const auto& net = all[i].net;
    text += fmt::format("{:>3}       {:.6f} s, ", i + 1, gross.duration_s);
    text += gross.valid ? fmt::format("gross {:.4g} J{}", gross.energy_J, plus_minus(gross.U_J, gross.U_random_J))
                        : "invalid: " + gross.reason;
    if (std::isfinite(net.net_J)) text += fmt::format(", net {:.4g} J, idle {:.4g} W", net.net_J, net.idle_W);
    text += "\n";
    duration_s.push_back(gross.duration_s);
    if (gross.valid) gross_J.push_back(gross.energy_J);
    if (std::isfinite(net.net_J)) net_J.push_back(net.net_J);
  }
  return text + line_of("gross", gross_J, all.size(), "J") + line_of("net", net_J, all.size(), "J") +
         line_of("duration", duration_s, all.size(), "s") +
         "The interval tells how repeatable the command is; the meter's own error (gain, offset) is the same in all of them.\n";
}

void print_json(const std::vector<Repetition>& all, const power::MeterInfo& meter) {
  const Board board;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& gross = all[i].gross;
    results::CellRow row;
    row.started_utc = all[i].started_utc;
    row.host = board.host();
    row.board = board.name();
    row.tool_version = tool_version();
    row.cpu_governor = board.governor();
    row.repetition = static_cast<std::int64_t>(i);
    row.status = gross.valid ? "ok" : "invalid";
    row.reason = gross.valid ? all[i].doubt : gross.reason;
    row.duration_s = gross.duration_s;
    row.sampler_cpu_s = all[i].sampler_cpu_s;
    if (all[i].use) row.other_cpu_pct = all[i].use->other_pct;
    fill_meter(row, meter);
    fill_window(row, gross);
    fill_energy(row, gross, all[i].net);
    fmt::print("{}\n", results::json_row(row));
  }
}

int execute(const MeasureOptions& options) {
  check_appended("-o", options.trace, {played_back(options.meter)});
  if (!options.trace.empty() && is_standard_output(options.trace))
    throw UsageError(fmt::format("-o {}: standard output is the command's; name a file or a pipe", options.trace));
  auto meter = power::open_meter(options.meter, power::Seconds(options.interval_s));  // before the command: no meter, no run
  Console console;
  ChildRunner child;
  power::MonitorOptions monitor_options{.interval_s = options.interval_s, .realtime = power::parse_realtime(options.realtime)};
  if (!options.trace.empty()) monitor_options.trace = options.trace;
  if (!options.marker.empty()) monitor_options.on_mark = open_marker(options.marker, console);
  const double idle_s = options.idle_s.value_or(meter->info().measured ? default_idle_s : 0);
  power::Monitor monitor(std::move(meter), monitor_options);

  Measurement measurement(options, monitor, child, console, idle_s);
  const auto& all = measurement.repetitions();
  int code = 0;
  try {
    code = measurement.run();
  } catch (const Interrupted& error) {
    if (all.empty()) throw;
    console.line(fmt::format("tbft: {}; {} of {} repetitions were measured", error.what(), all.size(), options.repetitions));
    code = Exit::interrupted;
  }
  try {
    if (code == exit_not_found || code == exit_not_executable)
      console.line(fmt::format("tbft: {}: {}", options.command.front(),
                               code == exit_not_found ? missing_of(options.command.front()) : "cannot be executed"));
    if (options.json) {
      print_json(all, monitor.meter());
    } else if (!all.empty()) {
      fmt::print("{}{}", text_of(all), sampler_text(monitor));
    }
    std::fflush(stdout);  // a signal that waited ends us as soon as `child` is gone
    for (const auto& warning : sampler_warnings(monitor, options.trace)) console.warning(warning);
    monitor.close();
  } catch (const std::exception& error) {
    if (code == 0) throw;
    console.line(fmt::format("tbft: {}", results::error_text(error)));
  }
  if (code != 0) return code;
  const bool valid = std::ranges::all_of(all, [](const Repetition& r) { return r.gross.valid; });
  return valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace

void add_measure(CLI::App& app, Action& action) {
  auto options = std::make_shared<MeasureOptions>();
  auto* command =
      app.add_subcommand("measure", "Run a command and print its joules; its streams and its exit code stay its own");
  command->add_option("-m,--meter", options->meter, "Power meter URI; see `tbft meters`")
      ->envname("TBFT_METER")
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->trace,
                   "Write every reading to this trace.csv; one that exists gets a further segment")
      ->type_name("TRACE");
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's own");
  add_realtime_option(*command, options->realtime);
  command
      ->add_option("--idle", options->idle_s,
                   "Seconds of idle before and after; 0 skips, net is then unknown (default 5; 0 for an estimate or replay)")
      ->check(number_in(0, 3600));
  command->add_option("-n,--repetitions", options->repetitions, "Run the command so often; each run gets joules of its own")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--warmup", options->warmup, "Runs before these that are not measured")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command
      ->add_option("--timeout", options->timeout_s,
                   "End the command and all that it started after this many seconds; the exit code is then 124")
      ->check(number_above_0(longest_time_s));
  command
      ->add_option("--marker", options->marker,
                   "GPIO line that is high while the command runs, e.g. pinctrl-rp1:17, or lines of phases: "
                   "command=CHIP:OFFSET,idle=CHIP:OFFSET")
      ->type_name("RULES");
  command->add_flag("--json", options->json, "Print one JSON object a repetition and line, with the column names of cells.csv");
  command->add_option("command", options->command, "The command, after --")->required();
  command->prefix_command(false);
  command->footer(
      "Examples:\n"
      "  tbft measure -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -- python3 train.py\n"
      "  tbft measure -m um25c:///dev/rfcomm0 --repetitions 10 --warmup 1 -- ./inference\n"
      "  tbft measure -m estimate:// --idle 0 --json -- sh -c 'sleep 1; exit 7'\n"
      "Exit code: the command's own (128+n on signal n, 124 timed out, 126/127 it could not start), which also ends the\n"
      "repetitions; 3 no meter; 4 the command gave 0 but a measurement is invalid.");
  command->callback([options, &action] { action = [options] { return execute(*options); }; });
}

}  // namespace tbft::cli
