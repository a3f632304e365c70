// tbft measure A B: several commands by turns, and which of them needs fewer joules.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <utility>

#include "harness/cli/measure.h"
#include "harness/cli/output.h"
#include "harness/experiment/journal.h"
#include "harness/host/board.h"
#include "harness/host/child.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "harness/host/provenance.h"
#include "harness/measurement/benchmark.h"
#include "harness/measurement/energy_text.h"
#include "harness/measurement/run_meter.h"
#include "results/benchmark.h"
#include "results/files.h"
#include "results/text.h"
#include "tbft/power/monitor.h"

namespace tbft::cli {

namespace {

constexpr std::size_t several_runs = 10;

// "2%" as 0.02; 0 for an empty text.
double fraction_of(const std::string& percent) {
  if (percent.empty()) return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(percent.data(), percent.data() + percent.size(), value);
  const std::string rest(end, percent.data() + percent.size());
  if (error != std::errc() || (rest != "%" && rest != " %") || !(value > 0) || !(value <= 100))
    throw UsageError(fmt::format("--until {}: expected a percentage above 0, such as 2%", results::printable(percent, 40)));
  return value / 100;
}

BenchmarkOptions benchmark_options(const MeasureOptions& options, std::size_t commands) {
  BenchmarkOptions result{.order = options.order == "blocks" ? RunOrder::blocks : RunOrder::interleaved,
                          .seed = options.seed,
                          .warmup = options.warmup,
                          .ignore_failure = options.ignore_failure};
  auto& repeat = result.repeat;
  repeat.runs = options.repetitions ? static_cast<std::size_t>(*options.repetitions) : commands > 1 ? several_runs : 1;
  repeat.until_rel = fraction_of(options.until);
  repeat.min_runs = options.min_runs.value_or(std::min(repeat.min_runs, options.max_runs.value_or(repeat.min_runs)));
  repeat.max_runs = options.max_runs.value_or(std::max(repeat.max_runs, repeat.min_runs));
  if (repeat.min_runs > repeat.max_runs)
    throw UsageError(fmt::format("--min-runs {} is above --max-runs {}", repeat.min_runs, repeat.max_runs));
  return result;
}

// Name and file of each --export-*.
std::array<std::pair<const char*, std::string>, 3> exports_of(const MeasureOptions& options) {
  const auto file = [](const std::string& name) { return name == "-" ? std::string("/dev/stdout") : name; };
  return {{{"--export-json", file(options.export_json)},
           {"--export-csv", file(options.export_csv)},
           {"--export-markdown", file(options.export_markdown)}}};
}

// `meters`: their number. Each has a trace.
void check_exports(const MeasureOptions& options, std::size_t meters) {
  std::vector<std::filesystem::path> others{played_back(options.meter.uri)};
  for (const auto& uri : options.meter.further) others.push_back(played_back(uri));
  for (std::size_t i = 0; !options.trace.empty() && i < meters; ++i) others.push_back(trace_of_meter(options.trace, i));
  for (const auto& [option, file] : exports_of(options)) {
    check_output(option, file, options.force, others);
    others.emplace_back(file);
  }
}

// Runs the steps of the commands as child processes.
class Steps {
 public:
  Steps(const MeasureOptions& options, const std::vector<PlannedCommand>& commands, ChildRunner& child, Console& console)
      : options_(options), commands_(commands), child_(child), console_(console) {}

  ChildRun run(BenchmarkStep step, std::size_t index) const {
    if (step != BenchmarkStep::measure) child_.reap();  // outside of the windows
    const auto& words = words_of(commands_[index], step);
    if (words.empty()) return {};
    const bool own = step == BenchmarkStep::measure || step == BenchmarkStep::warmup;
    const bool alone = own && commands_.size() == 1;  // one command keeps its streams
    if (alone || options_.show_output) console_.clear();
    const ChildStreams streams{.no_input = !alone, .no_output = !alone && !options_.show_output};
    const int code = child_.run(words, own ? options_.timeout_s : std::nullopt, streams);
    if (!child_.started()) {
      const auto why = code == exit_not_found ? missing_of(words.front()) : "cannot be executed";
      throw StepFailed(fmt::format("{}: {}", words.front(), why), step, code);
    }
    return {code, child_.user_s(), child_.system_s()};
  }

 private:
  static const std::vector<std::string>& words_of(const PlannedCommand& command, BenchmarkStep step) {
    switch (step) {
      case BenchmarkStep::setup:
        return command.setup;
      case BenchmarkStep::prepare:
        return command.prepare;
      case BenchmarkStep::cleanup:
        return command.cleanup;
      default:
        return command.words;
    }
  }

  const MeasureOptions& options_;
  const std::vector<PlannedCommand>& commands_;
  ChildRunner& child_;
  Console& console_;
};

results::Benchmark described(const MeasureOptions& options, const std::vector<PlannedCommand>& commands,
                             std::span<const std::unique_ptr<power::Meter>> meters, const Board& board) {
  const auto& meter = meters.front()->info();
  results::Benchmark benchmark{.tool_version = tool_version(),
                               .host = board.host(),
                               .board = board.name(),
                               .meter = meter.uri,
                               .meter_scope = to_string(meter.scope),
                               .measured = meter.measured,
                               .order = options.order,
                               .seed = options.seed,
                               .idle_s = idle_seconds(options.idle_s, meter)};
  for (const auto& further : meters.subspan(1)) {
    const auto& info = further->info();
    benchmark.further.push_back({info.uri, to_string(info.scope), info.measured});
  }
  if (!options.until.empty()) benchmark.until_pct = 100 * fraction_of(options.until);
  for (const auto& command : commands)
    benchmark.commands.push_back({.name = command.name, .command = command.text, .parameters = command.parameters});
  return benchmark;
}

// What a run ended with: an exit code, and the line that says why.
struct Outcome {
  int exit_code = Exit::ok;
  std::string line;
};

Outcome run(CommandBenchmark& benchmark) {
  try {
    benchmark.run();
    return {};
  } catch (const StepFailed& failure) {
    const bool own = failure.step == BenchmarkStep::measure || failure.step == BenchmarkStep::warmup;
    return {own ? failure.exit_code : Exit::failed, failure.what()};
  } catch (const Interrupted& interrupted) {
    return {Exit::interrupted, interrupted.what()};
  }
}

std::string samplers_text(const Monitors& monitors) {
  std::string text;
  for (const auto* monitor : monitors.pointers()) text += sampler_text(*monitor);
  return text;
}

void write_results(const MeasureOptions& options, const results::Benchmark& benchmark, const Monitors& monitors) {
  if (options.json)
    write_out(results::to_json(benchmark, -1));
  else
    print_text(results::to_text(benchmark, output_layout()) + samplers_text(monitors));
  std::fflush(stdout);
  for (const auto& [option, file] : exports_of(options)) {
    if (file.empty()) continue;
    const std::string_view kind = option;
    results::write_file_atomically(file, kind == "--export-json"  ? results::to_json(benchmark)
                                         : kind == "--export-csv" ? results::to_csv(benchmark)
                                                                  : results::to_markdown(benchmark));
  }
}

bool has_runs(const results::Benchmark& benchmark) {
  return std::ranges::any_of(benchmark.commands, [](const auto& command) { return !command.runs.empty(); });
}

bool all_valid(const results::Benchmark& benchmark) {
  return std::ranges::all_of(benchmark.commands, [](const auto& command) {
    return std::ranges::all_of(command.runs, [](const auto& run) { return std::isfinite(run.gross.J); });
  });
}

}  // namespace

int measure_several(const MeasureOptions& options, const std::vector<PlannedCommand>& commands) {
  const auto rule = benchmark_options(options, commands.size());
  check_exports(options, 1 + options.meter.further.size());
  auto meters = open_asked_meters(options.meter, options.interval_s);  // before the commands, which must not run without one
  check_exports(options, meters.size());                               // a URI may name all rails of a device
  Console console;
  ChildRunner child;
  const Board board;
  auto benchmark = described(options, commands, meters, board);
  if (!options.cooldown.empty() && benchmark.idle_s <= 0)
    throw UsageError("--cooldown auto compares idle windows; give their length, such as --idle 5");
  Monitors monitors(std::move(meters), monitor_options(options, console));
  const auto wait = [&](double seconds) { child.sleep(seconds); };
  const auto times = [&] { return board.processor_times(); };
  MeasurementSession session(monitors.pointers(), {.idle_s = benchmark.idle_s, .wait = wait, .processor_times = times});
  const auto progress = [&](const std::string& text) { console.progress(text); };
  const auto probe = [&, &monitor = monitors.first()] {
    const auto from = monitor.snapshot();
    wait(benchmark.idle_s);
    return monitor.between(from, monitor.snapshot());
  };
  Cooldown cooldown(options.cooldown_limit_s,
                    {.probe = probe,
                     .temperature_C = [&] { return board.temperature_C(); },
                     .now_s = [clock = power::steady_clock()] { return power::to_seconds(clock->now()); },
                     .progress = progress});
  const Steps steps(options, commands, child, console);
  CommandBenchmark work(rule, monitors.pointers(), session, options.cooldown.empty() ? nullptr : &cooldown,
                        {.execute = [&](BenchmarkStep step, std::size_t command) { return steps.run(step, command); },
                         .interrupted = [&] { return child.signalled(); },
                         .utc_now = [] { return utc_now(); },
                         .processor_times = times,
                         .progress = progress,
                         .warn = [&](const std::string& text) { console.warning(text); }},
                        benchmark);
  const Outcome outcome = run(work);
  console.clear();
  if (!outcome.line.empty()) console.line("tbft: " + outcome.line);
  try {
    if (has_runs(benchmark)) write_results(options, benchmark, monitors);
    for (const auto& warning : monitors.warnings(options.trace)) console.warning(warning);
    monitors.close();
  } catch (const std::exception& error) {  // must not replace a command's exit code
    if (outcome.exit_code == Exit::ok) throw;
    console.line(fmt::format("tbft: {}", results::error_text(error)));
  }
  if (outcome.exit_code != Exit::ok) return outcome.exit_code;
  return all_valid(benchmark) && !work.ended_early() ? Exit::ok : Exit::invalid_measurement;
}

}  // namespace tbft::cli
