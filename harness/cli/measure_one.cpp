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
  Measurement(const MeasureOptions& options, const std::vector<std::string>& command, Monitors& monitors, ChildRunner& child,
              Console& console, double idle_s)
      : options_(options),
        command_(command),
        runs_(options.repetitions.value_or(1)),
        monitors_(monitors),
        child_(child),
        console_(console),
        idle_s_(idle_s),
        session_(monitors.pointers(), {.idle_s = idle_s,
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
      if (i > 0 && monitors_.all_failed()) {
        console_.warning(
            fmt::format("the meter failed: {}; {} of {} repetitions were run", monitors_.first().failure(), i, runs_));
        break;
      }
      code = repeat(i);
    }
    if (code == 0 && child_.signalled() && std::ssize(repetitions_) < runs_) throw Interrupted("interrupted");
    return code;
  }

  const std::vector<Repetition>& repetitions() const { return repetitions_; }

 private:
  int repeat(int i) {
    Repetition repetition{.started_utc = utc_now()};
    const auto cpu_before_s = monitors_.sampler_cpu_s();
    const auto before = board_.processor_times();
    const auto window = fmt::format("repetition/{}/command", i);
    session_.begin(window);
    const int code = child_.run(command_, options_.timeout_s);
    // The command's exit code is now known, and an error of this program must not replace it.
    try {
      session_.end(window);
      child_.reap();
      const auto cpu_after_s = monitors_.sampler_cpu_s();
      for (std::size_t m = 0; m < monitors_.size(); ++m) repetition.meters.push_back({{}, cpu_after_s[m] - cpu_before_s[m]});
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

  void settle(Repetition& repetition, std::size_t meter) {
    auto window = session_.measured(meter);
    window.use = repetition.use;
    const auto info = monitors_[meter].meter();
    const auto& result = repetition.meters[meter].result = result_of(window, info);
    if (meter > 0 && !result.gross.valid) console_.warning(fmt::format("{}: {}", info.uri, result.gross.reason));
  }

  void settle(Repetition& repetition) {
    auto window = session_.measured();
    for (std::size_t m = 0; m < monitors_.size(); ++m) settle(repetition, m);
    const auto& result = repetition.result();
    doubt(repetition, result.doubt);
    // Other programs running now do not disturb a replayed recording.
    const bool live = !monitors_.first().meter().uri.starts_with("replay:");
    if (live && repetition.use && repetition.use->other_pct.value_or(0) > crowded_pct)
      doubt(repetition, fmt::format("{}: joules and time include their work", other_programs_text(*repetition.use->other_pct)));
    doubt(repetition, left_text_);
    if (const auto text = idle_unknown_text(window); !text.empty()) console_.warning(text);
    doubt(repetition, result.net_reason);
    repetitions_.push_back(std::move(repetition));
  }

  const MeasureOptions& options_;
  const std::vector<std::string>& command_;
  int runs_;
  Monitors& monitors_;
  ChildRunner& child_;
  Console& console_;
  double idle_s_;
  Board board_;
  MeasurementSession session_;
  std::vector<pid_t> earlier_processes_;  // processes that existed before, such as a meter's helper program
  std::string left_text_;
  std::vector<Repetition> repetitions_;
};

std::string text_of(const std::vector<Repetition>& all, const Monitors& monitors) {
  std::vector<std::vector<WindowResult>> by_meter(monitors.size());
  for (const auto& repetition : all)
    for (std::size_t m = 0; m < monitors.size(); ++m) by_meter[m].push_back(repetition.meters[m].result);
  return meters_text(by_meter, monitors.pointers());
}

results::CellRow row_of(const Repetition& repetition, std::size_t number, std::size_t meter, const power::MeterInfo& info,
                        const Board& board) {
  const auto& [result, cpu_s] = repetition.meters[meter];
  const auto& gross = result.gross;
  const std::string doubt = meter == 0 ? repetition.doubt : result.doubt;
  results::CellRow row;
  row.started_utc = repetition.started_utc;
  row.host = board.host();
  row.board = board.name();
  row.tool_version = tool_version();
  row.cpu_governor = board.governor();
  row.repetition = static_cast<std::int64_t>(number);
  row.status = gross.valid ? "ok" : "invalid";
  row.reason = gross.valid ? doubt : gross.reason;
  row.duration_s = gross.duration_s;
  row.sampler_cpu_s = cpu_s;
  if (repetition.use) row.other_cpu_pct = repetition.use->other_pct;
  fill_meter(row, info);
  fill_window(row, gross);
  fill_energy(row, gross, result.net);
  return row;
}

void print_json(const std::vector<Repetition>& all, const Monitors& monitors) {
  const Board board;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t m = 0; m < monitors.size(); ++m)
      print_out("{}\n", results::json_row(row_of(all[i], i, m, monitors[m].meter(), board)));
}

// What someone may have meant who wrote options behind commands in quotes.
std::string comparison_hint(const std::vector<std::string>& command) {
  const bool quoted = command.front().find(' ') != std::string::npos && command.size() > 1;
  return quoted ? "; to compare commands, write options before the first one, and each command in quotes" : "";
}

}  // namespace

power::MonitorOptions monitor_options(const MeasureOptions& options, Console& console) {
  power::MonitorOptions result{.realtime = power::parse_realtime(options.realtime)};
  if (!options.trace.empty()) result.trace = options.trace;
  if (!options.marker.empty()) result.on_mark = open_marker(options.marker, console);
  return result;
}

void print_repetitions(const MeasureOptions& options, const std::vector<Repetition>& all, const Monitors& monitors) {
  if (options.json) {
    print_json(all, monitors);
  } else if (!all.empty()) {
    print_text(text_of(all, monitors));
  }
  std::fflush(stdout);  // a pending signal ends the program as soon as its ChildRunner is destroyed
}

int measure_one(const MeasureOptions& options, const PlannedCommand& planned) {
  const auto& command = planned.words;
  // Opened before the command, which must not run without a meter.
  auto meters = open_asked_meters(options.meter, options.interval_s);
  Console console;
  ChildRunner child;
  const double idle_s = idle_seconds(options.idle_s, meters.front()->info());
  Monitors monitors(std::move(meters), monitor_options(options, console));

  Measurement measurement(options, command, monitors, child, console, idle_s);
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
    print_repetitions(options, all, monitors);
    for (const auto& warning : monitors.warnings(options.trace)) console.warning(warning);
    monitors.close();
  } catch (const std::exception& error) {
    if (code == 0) throw;
    console.line(fmt::format("tbft: {}", results::error_text(error)));
  }
  if (code != 0) return code;
  const bool complete = std::ssize(all) == options.repetitions.value_or(1);  // not if the meter failed between two of them
  const bool valid = std::ranges::all_of(all, [](const Repetition& r) { return r.result().gross.valid; });
  return complete && valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace tbft::cli
