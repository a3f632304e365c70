// tbft measure: the joules of any command.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <thread>

#include "harness/board.h"
#include "harness/child.h"
#include "harness/cli/command.h"
#include "harness/console.h"
#include "harness/energy_row.h"
#include "harness/journal.h"
#include "harness/provenance.h"
#include "power/monitor.h"
#include "power/registry.h"
#include "results/json.h"

namespace tbft::cli {

namespace {

constexpr double default_idle_s = 5;

struct MeasureOptions {
  std::string meter = "auto";
  std::string trace;
  double interval_s = 0;
  std::optional<double> idle_s, timeout_s;
  bool json = false;
  std::vector<std::string> command;
};

void idle(power::Monitor& monitor, Console& console, const std::string& name, double seconds) {
  if (seconds <= 0) return;
  console.progress(fmt::format("measuring idle power for {} s", seconds));
  monitor.begin(name);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  monitor.end(name);
  console.clear();
}

std::string plus_minus(double U, double U_random) {
  if (std::isfinite(U)) return fmt::format(" +- {:.3g} J (k=2)", U);
  if (std::isfinite(U_random))
    return fmt::format(" +- {:.2g} J (k=2, random part only: the meter's accuracy is unknown)", U_random);
  return "";
}

std::string text_of(const power::Energy& gross, const power::NetEnergy& net, const power::Monitor& monitor) {
  const auto& meter = monitor.meter();
  std::string text = gross.valid
                         ? fmt::format("gross     {:.4g} J{}\n", gross.energy_J, plus_minus(gross.U_J, gross.U_random_J))
                         : fmt::format("invalid   {}\n", gross.reason);
  if (std::isfinite(net.net_J))
    text += fmt::format("net       {:.4g} J{}, idle {:.4g} W\n", net.net_J, plus_minus(net.U_net_J, net.U_random_net_J),
                        net.idle_W);
  text += fmt::format("duration  {:.6f} s\n", gross.duration_s);
  if (gross.valid) text += fmt::format("power     {:.4g} W mean, {:.4g} W max\n", gross.mean_W, gross.max_W);
  text += fmt::format("readings  {} distinct", gross.samples);
  if (std::isfinite(gross.distinct_hz)) text += fmt::format(", {:.1f} Hz", gross.distinct_hz);
  if (std::isfinite(gross.coverage_pct))
    text += fmt::format(", {:.1f} % covered, longest gap {:.3g} s", gross.coverage_pct, gross.longest_gap_s);
  const auto stats = monitor.sampler();
  text += fmt::format("\nsampler   {} deadlines missed, {:.3f} s of CPU\n", stats.missed, stats.cpu_s);
  text += fmt::format("meter     {}: {}{}\n", meter.uri, meter.description, meter.measured ? "" : " (not a measurement)");
  return text;
}

void print_result(const MeasureOptions& options, power::Monitor& monitor, const std::string& started_utc, double idle_s,
                  double sampler_cpu_s, Console& console, bool& valid) {
  const auto gross = monitor.energy("command");
  const auto before = idle_s > 0 ? monitor.energy("idle/before") : power::Energy{};
  const auto after = idle_s > 0 ? monitor.energy("idle/after") : power::Energy{};
  const auto net = power::net(gross, before, after);
  valid = gross.valid;
  if (idle_s > 0 && !std::isfinite(net.idle_W))
    console.warning("idle power is unknown: " + (before.valid ? after.reason : before.reason));
  if (!options.json) {
    fmt::print("{}", text_of(gross, net, monitor));
    return;
  }
  const Board board;
  results::CellRow row;
  row.started_utc = started_utc;
  row.host = board.host();
  row.board = board.name();
  row.tool_version = tool_version();
  row.cpu_governor = board.governor();
  row.status = gross.valid ? "ok" : "invalid";
  row.reason = gross.reason;
  row.duration_s = gross.duration_s;
  row.sampler_cpu_s = sampler_cpu_s;
  fill_meter(row, monitor.meter());
  fill_window(row, gross);
  fill_energy(row, gross, net);
  fmt::print("{}\n", results::json_row(row));
}

int execute(const MeasureOptions& options) {
  auto meter = power::open_meter(options.meter, options.interval_s);  // before the command: no meter, no run
  Console console;
  ChildRunner child;
  power::MonitorOptions monitor_options{.interval_s = options.interval_s};
  if (!options.trace.empty()) monitor_options.trace = options.trace;
  const double idle_s = options.idle_s.value_or(meter->info().measured ? default_idle_s : 0);
  power::Monitor monitor(std::move(meter), monitor_options);

  const auto started_utc = utc_now();
  idle(monitor, console, "idle/before", idle_s);
  const double cpu_before_s = monitor.sampler().cpu_s;
  monitor.begin("command");
  const int code = child.run(options.command, options.timeout_s);
  // From here on the command's exit code is known and must not be lost to an error of ours.
  bool valid = false;
  try {
    monitor.end("command");
    const double sampler_cpu_s = monitor.sampler().cpu_s - cpu_before_s;
    idle(monitor, console, "idle/after", idle_s);
    if (code == exit_not_found || code == exit_not_executable)
      console.line(fmt::format("tbft: {}: {}", options.command.front(),
                               code == exit_not_found ? "command not found" : "cannot be executed"));
    print_result(options, monitor, started_utc, idle_s, sampler_cpu_s, console, valid);
    monitor.close();
  } catch (const std::exception& error) {
    if (code == 0) throw;
    console.line(fmt::format("tbft: {}", error.what()));
  }
  if (code != 0) return code;
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
  command->add_option("-o,--output", options->trace, "Write every reading to this trace.csv")->type_name("TRACE");
  command->add_option("-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's own")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}}))
      ->type_name("TIME");
  command
      ->add_option("--idle", options->idle_s,
                   "Seconds of idle before and after; 0 skips, net is then unknown (default 5; 0 for an estimate or replay)")
      ->check(CLI::Range(0.0, 3600.0));
  command->add_option("--timeout", options->timeout_s, "End the command after this many seconds; the exit code is then 124")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print one JSON object with the column names of cells.csv");
  command->add_option("command", options->command, "The command, after --")->required();
  command->prefix_command(false);
  command->footer(
      "Examples:\n"
      "  tbft measure -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -- python3 train.py\n"
      "  tbft measure -m estimate:// --idle 0 --json -- sh -c 'sleep 1; exit 7'\n"
      "Exit code: the command's own (128+n on signal n, 124 timed out, 126/127 it could not start); 3 no meter; 4 the command\n"
      "gave 0 but the measurement is invalid.");
  command->callback([options, &action] { action = [options] { return execute(*options); }; });
}

}  // namespace tbft::cli
