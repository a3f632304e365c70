// tbft measure --pid: the joules of the board while a process lives that this program did not start.
#include <fmt/format.h>

#include "harness/cli/measure.h"
#include "harness/cli/output.h"
#include "harness/experiment/journal.h"
#include "harness/host/child.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/running_process.h"
#include "harness/measurement/energy_text.h"
#include "harness/measurement/run_meter.h"
#include "tbft/power/clock.h"
#include "tbft/power/monitor.h"

namespace tbft::cli {

namespace {

// Returns false if the user ended it.
bool await(const RunningProcess& process, const MeasureOptions& options, ChildRunner& child) {
  const auto clock = power::steady_clock();
  const auto began = clock->now();
  try {
    await_end(process, [&] {
      child.sleep(0);  // throws Interrupted
      return !options.timeout_s || power::to_seconds(clock->now() - began) < *options.timeout_s;
    });
    return true;
  } catch (const Interrupted&) {
    return false;
  }
}

}  // namespace

int measure_process(const MeasureOptions& options) {
  const auto process = find_process("--pid", options.process);
  auto meters = open_asked_meters(options.meter, options.interval_s);
  Console console;
  ChildRunner child;  // takes the signals
  Monitors monitors(std::move(meters), monitor_options(options, console));
  MeasurementSession session(monitors.pointers(),
                             {});  // nobody knows the idle power before the process began, so net is unknown

  console.progress(fmt::format("measuring until {} ({}) ends", process.pid, process.name));
  Repetition repetition{.started_utc = utc_now()};
  const std::string window = "repetition/0/command";
  const auto cpu_before_s = monitors.sampler_cpu_s();
  session.begin(window);
  const bool ended = await(process, options, child);
  session.end(window);
  console.clear();
  const auto cpu_after_s = monitors.sampler_cpu_s();
  for (std::size_t m = 0; m < monitors.size(); ++m)
    repetition.meters.push_back({result_of(session.measured(m), monitors[m].meter()), cpu_after_s[m] - cpu_before_s[m]});
  repetition.doubt = repetition.result().doubt;
  console.warning(repetition.doubt);
  print_repetitions(options, {repetition}, monitors);
  for (const auto& warning : monitors.warnings(options.trace)) console.warning(warning);
  monitors.close();
  if (!ended) return Exit::interrupted;
  return repetition.result().gross.valid ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace tbft::cli
