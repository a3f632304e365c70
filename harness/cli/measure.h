// Options of `tbft measure`, and its ways to measure: one command with its streams, several that are compared, a process that
// runs already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/command.h"
#include "harness/host/console.h"
#include "harness/host/processor_use.h"
#include "harness/measurement/command_list.h"
#include "harness/measurement/measurement_session.h"
#include "harness/measurement/monitors.h"
#include "harness/measurement/run_meter.h"

namespace tbft::cli {

struct MeasureOptions {
  MeterChoice meter;
  std::string trace, marker;
  std::string realtime = "auto";
  double interval_s = 0;
  double idle_s = -1;  // negative: the default
  std::optional<double> timeout_s;
  std::optional<int> repetitions;
  int warmup = 0;
  bool json = false;
  CommandSpec commands;
  bool no_shell = false;  // --shell none
  std::string until;      // "2%"
  std::optional<std::size_t> min_runs, max_runs;
  std::string order = "interleaved", cooldown;
  double cooldown_limit_s = 300;
  std::uint64_t seed = 0;
  bool ignore_failure = false, show_output = false;
  std::string export_json, export_csv, export_markdown;
  bool force = false;
  std::string process;  // --pid: a number or a name
};

// What was measured of one run of a command, or of a process.
struct Repetition {
  std::string started_utc;
  std::optional<ProcessorUse> use;
  std::string doubt;  // doubts about valid joules of the first meter
  struct ByMeter {
    WindowResult result;
    double sampler_cpu_s = 0;
  };
  std::vector<ByMeter> meters;  // in the order of -m
  const WindowResult& result() const { return meters.front().result; }
};
// Prints them as text, or with --json a line for each repetition and meter.
void print_repetitions(const MeasureOptions& options, const std::vector<Repetition>& all, const Monitors& monitors);
// The options of the first monitor.
power::MonitorOptions monitor_options(const MeasureOptions& options, Console& console);

// Runs the command, and prints its joules; streams and exit code pass through. Returns that exit code.
int measure_one(const MeasureOptions& options, const PlannedCommand& command);
// Runs the commands by turns, and prints and exports the comparison. Returns the program's exit code.
int measure_several(const MeasureOptions& options, const std::vector<PlannedCommand>& commands);
// Measures while the process of --pid lives, or until --timeout; it is left alone. Returns the program's exit code.
int measure_process(const MeasureOptions& options);

}  // namespace tbft::cli
