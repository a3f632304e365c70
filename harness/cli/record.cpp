// tbft record: writes a meter's readings to a trace.csv, for a given time or until a signal, optionally from a trigger on.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <thread>

#include "harness/cli/energy_json.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/experiment/run_status.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/terminal.h"
#include "harness/measurement/energy_text.h"
#include "results/files.h"
#include "tbft/power/gpio.h"
#include "tbft/power/monitor.h"
#include "tbft/power/plausible.h"
#include "tbft/power/trace.h"

namespace tbft::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

struct RecordOptions {
  MeterChoice meter;
  std::string trace, trigger, status;
  std::string window = "record";
  std::string realtime = "auto";
  double interval_s = 0;
  std::optional<double> duration_s;
  bool append = false, force = false, json = false;
};

// Records until the duration is over, a signal arrives, the meter fails or the trace cannot be written. Reports progress on a
// terminal and in the status file.
void wait(const RecordOptions& options, const power::Monitor& monitor, const std::atomic<bool>& stop, Console& console,
          RunStatus& status, StatusFile& file) {
  const auto begin = SteadyClock::now();
  while (!stop && monitor.failure().empty() && !monitor.trace_failed()) {
    const double passed_s = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    if (options.duration_s && passed_s >= *options.duration_s) return;
    const auto live = monitor.live();
    status.state = "running";
    status.elapsed_s = passed_s;
    status.power_W = live.watts_W;
    status.energy_J = live.joules_J;
    if (options.duration_s) {
      status.fraction = passed_s / *options.duration_s;
      status.eta_s = *options.duration_s - passed_s;
    }
    console.progress(status_line(status));
    file.update(status);
    const double left_s = options.duration_s ? *options.duration_s - passed_s : 1;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left_s, 0.2)));
  }
}

// Waits for the trigger's edge. Returns false if a signal came first.
bool triggered(power::GpioInput& input, const std::string& line, const std::atomic<bool>& stop, Console& console) {
  console.progress(fmt::format("waiting for {}", line));
  std::stop_source source;
  const std::jthread watch([&](const std::stop_token& done) {
    while (!stop && !done.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source.request_stop();
  });
  return power::wait_for_trigger(input, source.get_token()).has_value();
}

void print_result(const RecordOptions& options, const power::Energy& energy, const power::Monitor& monitor, std::FILE* out) {
  const auto print = [&](const std::string& text) { out == stdout ? write_out(text) : fmt::print(out, "{}", text); };
  if (!options.json) {
    const std::string text = energy_text(energy, {}) + sampler_text(monitor);
    return print(results::wrapped(text, layout_of(fileno(out)).width));
  }
  const auto meter = monitor.meter();
  nlohmann::ordered_json object{{"trace", options.trace},
                                {"window", options.window},
                                {"meter", meter.uri},
                                {"meter_scope", to_string(meter.scope)},
                                {"measured", meter.measured ? 1 : 0}};
  object.update(energy_json(energy));
  print(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

int record(const RecordOptions& options, const std::optional<power::GpioTrigger>& trigger, std::unique_ptr<power::Meter> meter,
           Console& console, RunStatus& status, StatusFile& status_file) {
  const StopOnSignal signals;
  // This comes before the monitor creates the trace, so that a missing GPIO line leaves no file behind.
  std::unique_ptr<power::GpioInput> input;
  if (trigger) input = power::open_gpio_input(trigger->line, trigger->edges, "tbft record");
  // With -o /dev/stdout, joules would be printed between the readings.
  std::FILE* const out = is_standard_output(options.trace) ? stderr : stdout;
  power::Monitor monitor(std::move(meter), {.trace = std::filesystem::path(options.trace),
                                            .trace_replace = options.force && !results::is_stream(options.trace),
                                            .realtime = power::parse_realtime(options.realtime)});
  if (trigger && !triggered(*input, to_string(trigger->line), signals.flag(), console))
    throw Interrupted("interrupted before the trigger came");
  auto window = monitor.window(options.window);
  wait(options, monitor, signals.flag(), console, status, status_file);
  const bool early = signals.flag() && options.duration_s;
  const auto energy = window.end();
  console.clear();
  status.energy_J = energy.energy_J;
  print_result(options, energy, monitor, out);
  std::fflush(out);
  monitor.close();  // throws where the trace could not be written; by then the joules are printed
  for (const auto& warning : sampler_warnings(monitor, options.trace)) console.warning(warning);
  console.warning(power::negative_reason(energy));
  if (early) throw Interrupted(fmt::format("interrupted; {} holds the readings up to then", options.trace));
  status.state = energy.valid ? "done" : "invalid";
  status.message = energy.reason;
  status_file.write(status);
  return energy.valid ? Exit::ok : Exit::invalid_measurement;
}

int execute(const RecordOptions& options) {
  const auto input = played_back(options.meter.uri);
  if (options.append)
    check_appended("-o", options.trace, {input});
  else
    check_output("-o", options.trace, options.force, {input}, "add to it with --append, or replace it with --force");
  check_status_file(options.status, {options.trace, input});
  if (!power::is_valid_mark_name(options.window))
    throw UsageError(
        fmt::format("--window {}: expected 1 to 512 bytes without comma, quote or control character", options.window));
  std::optional<power::GpioTrigger> trigger;
  try {
    if (!options.trigger.empty()) trigger = power::parse_gpio_trigger(options.trigger);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("--trigger: {}", error.what()));
  }
  auto meter = open_asked_meter(options.meter, options.interval_s);
  Console console;
  RunStatus status;
  status.command = "record";
  status.output = options.trace;
  status.meter = meter->info().uri;
  status.measured = meter->info().measured;
  StatusFile status_file(options.status, status);
  return status_file.until_end(status,
                               [&] { return record(options, trigger, std::move(meter), console, status, status_file); });
}

}  // namespace

void add_record(CLI::App& app, Action& action) {
  const auto [command, options] = add_command(app, action, "record", "Write a meter's readings to a trace.csv", execute);
  add_meter_option(*command, options->meter, WithoutMeter::fails);
  command->add_option("-o,--output", options->trace, "The trace.csv to write")->type_name("TRACE")->required();
  add_time_option(*command, "-d,--duration", options->duration_s, "Duration, e.g. 60s or 2h (default: until Ctrl-C)")
      ->check(number_above_0(longest_time_s));
  add_time_option(*command, "-i,--interval", options->interval_s, "Sampling interval, e.g. 2ms; 0: the meter's own");
  add_realtime_option(*command, options->realtime);
  command->add_option("-w,--window", options->window, "Name of the window over the whole recording")->capture_default_str();
  command->add_option("--trigger", options->trigger, "Start at an edge of this GPIO line, e.g. pinctrl-rp1:27:falling")
      ->type_name("CHIP:LINE[:EDGE]");
  command
      ->add_option("--status", options->status,
                   "Keep this JSON file up to date: seconds, watts, joules, state (replaced whole, once a second)")
      ->type_name("FILE");
  auto* append = command->add_flag("--append", options->append, "Append to an existing trace, as a new segment");
  command->add_flag("--force", options->force, "Replace an existing trace")->excludes(append);
  command->add_flag("--json", options->json, "Print the joules as JSON");
  command->footer(
      "Examples:\n"
      "  tbft record -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1' -d 60s -o trace.csv\n"
      "  tbft integrate trace.csv            recomputes its joules\n"
      "  tbft measure -m replay://trace.csv  plays it back\n"
      "Exit code: 4 if the recording is not a valid measurement (gaps, saturation), 130 if a signal ended it before its "
      "time.");
}

}  // namespace tbft::cli
