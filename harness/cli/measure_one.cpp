// tbft measure COMMAND: the joules of one command, whose streams and exit code pass through.
#include "harness/cli/measure.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "harness/cli/output.h"
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
#include "harness/measurement/measurement_session.h"
#include "harness/measurement/run_meter.h"
#include "results/json.h"
#include "results/text.h"
#include "tbft/power/monitor.h"

namespace tbft::cli {

namespace {

// Measures one command. Windows: repetition/N/command, and an idle window before each and after the last.
class Measurement {
 public:
  Measurement(const MeasureOptions& options, const std::vector<std::string>& command, power::Monitor& monitor,
              ChildRunner& child, Console& console, double idle_s)
      : options_(options),
        command_(command),
        runs_(options.repetitions.value_or(1)),
        monitor_(monitor),
        child_(child),
        console_(console),
        idle_s_(idle_s),
        session_(monitor, {.idle_s = idle_s,
                           .wait = [this](double seconds) { child_.sleep(seconds); },
                           .processor_times = [this] { return board_.processor_times(); }}),
        earlier_processes_(descendants(getpid())) {}

  // Returns the exit code of the last command that was run; one that is not 0 ends the repetitions.
  int run() {
    for (int i = 0; i < options_.warmup; ++i) {
      console_.progress(fmt::format("warm-up {} of {}", i + 1, options_.warmup));
      console_.clear();  // the command uses the terminal from here on
      if (const int code = child_.run(command_, options_.timeout_s); code != 0) {
        console_.line(fmt::format("tbft: the warm-up exited with {}; nothing was measured", code));
        return code;
      }
      if (child_.signalled()) throw Interrupted("interrupted during the warm-up");
    }
    idle(0);
    int code = 0;
    for (int i = 0; i < runs_ && code == 0 && !child_.signalled(); ++i) {
      if (i > 0 && !monitor_.failure().empty()) {
        console_.warning(fmt::format("the meter failed: {}; {} of {} repetitions were run", monitor_.failure(), i, runs_));
        break;
      }
      code = repeat(i);
    }
    return code;
  }

  const std::vector<Repetition>& repetitions() const { return repetitions_; }

 private:
  int repeat(int i) {
    Repetition repetition{.started_utc = utc_now()};
    const double cpu_before_s = monitor_.sampler().cpu_s;
    const auto before = board_.processor_times();
    const auto window = fmt::format("repetition/{}/command", i);
    session_.begin(window);
    const int code = child_.run(command_, options_.timeout_s);
    // The command's exit code is now known, and an error of this program must not replace it.
    try {
      session_.end(window);
      repetition.sampler_cpu_s = monitor_.sampler().cpu_s - cpu_before_s;
      repetition.use = processor_use(before, board_.processor_times());
      idle(i + 1);
      settle(repetition);
    } catch (const Interrupted&) {
      settle(repetition);
      if (code == 0) throw;
    } catch (const std::exception& error) {
      if (code == 0) throw;
      console_.line(fmt::format("tbft: {}", results::error_text(error)));
    }
    return code;
  }

  void idle(int i) {
    left_text_.clear();
    if (idle_s_ <= 0) return;
    console_.progress(fmt::format("measuring idle power for {} s", idle_s_));
    const auto left = left_behind(earlier_processes_);
    session_.idle(fmt::format("repetition/{}/idle", i));
    left_text_ = left_text(left);
    console_.clear();
  }

  void doubt(Repetition& repetition, const std::string& text) {
    if (text.empty()) return;
    repetition.doubt += (repetition.doubt.empty() ? "" : "; ") + text;
    console_.warning(text);
  }

  void settle(Repetition& repetition) {
    auto window = session_.measured();
    window.use = repetition.use;
    const auto& result = repetition.result = result_of(window, monitor_.meter());
    doubt(repetition, result.doubt);
    // Other programs running now do not disturb a replayed recording.
    const bool live = !monitor_.meter().uri.starts_with("replay:");
    if (live && repetition.use && repetition.use->other_pct.value_or(0) > crowded_pct)
      doubt(repetition, fmt::format("{}: joules and time include their work", other_programs_text(*repetition.use->other_pct)));
    doubt(repetition, left_text_);
    const auto& why = window.idle_before.valid ? window.idle_after.reason : window.idle_before.reason;
    if (!why.empty()) console_.warning("idle power is unknown: " + why);
    doubt(repetition, result.net_reason);
    repetitions_.push_back(std::move(repetition));
  }

  const MeasureOptions& options_;
  const std::vector<std::string>& command_;
  int runs_;
  power::Monitor& monitor_;
  ChildRunner& child_;
  Console& console_;
  double idle_s_;
  Board board_;
  MeasurementSession session_;
  std::vector<pid_t> earlier_processes_;  // processes that existed before, such as a meter's helper program
  std::string left_text_;
  std::vector<Repetition> repetitions_;
};

std::string text_of(const std::vector<Repetition>& all) {
  std::vector<WindowResult> results;
  results.reserve(all.size());
  for (const auto& repetition : all) results.push_back(repetition.result);
  return results_text(results);
}

void print_json(const std::vector<Repetition>& all, const power::MeterInfo& meter) {
  const Board board;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& gross = all[i].result.gross;
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
    fill_energy(row, gross, all[i].result.net);
    print_out("{}\n", results::json_row(row));
  }
}

// What someone may have meant who wrote options behind commands in quotes.
std::string comparison_hint(const std::vector<std::string>& command) {
  const bool quoted = command.front().find(' ') != std::string::npos && command.size() > 1;
  return quoted ? "; to compare commands, write options before the first one, and each command in quotes" : "";
}

}  // namespace

void print_repetitions(const MeasureOptions& options, const std::vector<Repetition>& all, const power::Monitor& monitor) {
  if (options.json) {
    print_json(all, monitor.meter());
  } else if (!all.empty()) {
    print_text(text_of(all) + sampler_text(monitor));
  }
  std::fflush(stdout);  // a pending signal ends the program as soon as its ChildRunner is destroyed
}

int measure_one(const MeasureOptions& options, const PlannedCommand& planned) {
  const auto& command = planned.words;
  // Opened before the command, which must not run without a meter.
  auto meter = open_asked_meter(options.meter, options.interval_s);
  Console console;
  ChildRunner child;
  power::MonitorOptions monitor_options{.realtime = power::parse_realtime(options.realtime)};
  if (!options.trace.empty()) monitor_options.trace = options.trace;
  if (!options.marker.empty()) monitor_options.on_mark = open_marker(options.marker, console);
  const double idle_s = idle_seconds(options.idle_s, meter->info());
  power::Monitor monitor(std::move(meter), monitor_options);

  Measurement measurement(options, command, monitor, child, console, idle_s);
  const auto& all = measurement.repetitions();
  int code = 0;
  try {
    code = measurement.run();
  } catch (const Interrupted& error) {
    if (all.empty()) throw;
    console.line(
        fmt::format("tbft: {}; {} of {} repetitions were measured", error.what(), all.size(), options.repetitions.value_or(1)));
    code = Exit::interrupted;
  }
  try {
    if (!planned.by_shell && (code == exit_not_found || code == exit_not_executable))
      console.line(fmt::format("tbft: {}: {}{}", command.front(),
                               code == exit_not_found ? missing_of(command.front()) : "cannot be executed",
                               comparison_hint(command)));
    print_repetitions(options, all, monitor);
    for (const auto& warning : sampler_warnings(monitor, options.trace)) console.warning(warning);
    monitor.close();
  } catch (const std::exception& error) {
    if (code == 0) throw;
    console.line(fmt::format("tbft: {}", results::error_text(error)));
  }
  if (code != 0) return code;
  const bool valid = std::ranges::all_of(all, [](const Repetition& r) { return r.result.gross.valid; });
  return valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace tbft::cli
