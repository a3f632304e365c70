#include "harness/measurement/benchmark.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <numeric>
#include <utility>

#include "harness/host/interrupted.h"
#include "harness/host/process_tree.h"
#include "harness/measurement/energy_row.h"
#include "harness/measurement/rounds.h"
#include "results/text.h"

namespace tbft {

namespace {

// Ends the rounds, because further ones would bring nothing.
struct Enough {
  std::string why;
};

const char* name_of(BenchmarkStep step) {
  switch (step) {
    case BenchmarkStep::setup:
      return "--setup";
    case BenchmarkStep::prepare:
      return "--prepare";
    case BenchmarkStep::cleanup:
      return "--cleanup";
    case BenchmarkStep::warmup:
      return "the warm-up";
    default:
      return "the command";
  }
}

std::vector<double> joules_of(const results::BenchmarkedCommand& command) {
  std::vector<double> joules;
  for (const auto& run : command.runs) joules.push_back(run.gross.J);
  return joules;
}

std::string percent(double fraction) {
  return results::significant(100 * fraction, 2) + " %";
}

void add_reason(std::string& to, const std::string& text) {
  if (!text.empty()) to += (to.empty() ? "" : "; ") + text;
}

}  // namespace

CommandBenchmark::CommandBenchmark(const BenchmarkOptions& options, std::vector<power::Monitor*> monitors,
                                   MeasurementSession& session, Cooldown* cooldown, BenchmarkHooks hooks,
                                   results::Benchmark& into)
    : options_(options),
      monitors_(std::move(monitors)),
      session_(session),
      cooldown_(cooldown),
      hooks_(std::move(hooks)),
      into_(into),
      earlier_processes_(descendants(getpid())) {}

void CommandBenchmark::run() {
  std::vector<std::size_t> all(into_.commands.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (options_.order == RunOrder::interleaved) return run_all(all);
  for (const std::size_t command : all) {
    if (meters_failed()) return end_early(failure_text());
    run_all({command});
  }
}

void CommandBenchmark::run_all(const std::vector<std::size_t>& commands) {
  try {
    begin(commands);
    repeat_all(commands);
  } catch (...) {
    for (const std::size_t command : commands) note_runs(into_.commands[command]);
    try {
      clean_up();
    } catch (const std::exception& error) {  // the first error is the one to report
      hooks_.warn(error.what());
    }
    throw;
  }
  for (const std::size_t command : commands) note_runs(into_.commands[command]);
  clean_up();
}

void CommandBenchmark::begin(const std::vector<std::size_t>& commands) {
  for (const std::size_t command : commands) {
    to_clean_.push_back(command);
    execute(BenchmarkStep::setup, command);
  }
  for (int i = 0; i < options_.warmup; ++i) {
    for (const std::size_t command : commands) {
      hooks_.progress(fmt::format("warm-up {} of {}: {}", i + 1, options_.warmup, into_.commands[command].name));
      execute(BenchmarkStep::prepare, command);
      execute(BenchmarkStep::warmup, command);
    }
  }
  idle();
  if (cooldown_ == nullptr || idle_windows_ != 1) return;
  const auto first = session_.idle_windows().idle_after;
  cooldown_->set_reference(first);
  if (cooldown_->has_reference()) return;
  note(fmt::format("--cooldown auto does not wait: the first idle window has no power ({}), and no temperature can be read",
                   first.reason));
  cooldown_ = nullptr;
}

// One that fails does not keep the others from running.
void CommandBenchmark::clean_up() {
  std::exception_ptr first;
  for (const std::size_t command : std::exchange(to_clean_, {})) {
    try {
      execute(BenchmarkStep::cleanup, command);
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

void CommandBenchmark::repeat_all(const std::vector<std::size_t>& commands) {
  const auto& rule = options_.repeat;
  const bool until = rule.until_rel > 0;
  const RoundLimits limits{.precision = 2 * rule.until_rel,  // rounds take the whole width
                           .min_rounds = until ? rule.min_runs : rule.runs,
                           .max_s = std::numeric_limits<double>::infinity(),
                           .max_rounds = until ? std::max(rule.min_runs, rule.max_runs) : rule.runs,
                           .seed = options_.seed};
  const RoundHooks hooks{
      .window = [&](std::size_t place, std::size_t round) { return repeat(commands[place], round); },
      .now_s = [] { return 0.0; },  // without a limit of time
      .after_round =
          [&](std::size_t rounds, std::span<const std::vector<double>> joules) {
            const auto lacks_one = [](const auto& of) {
              return !std::ranges::all_of(of, [](double J) { return std::isfinite(J); });
            };
            if (until && rounds >= rule.min_runs && std::ranges::any_of(joules, lacks_one))
              throw Enough{
                  fmt::format("--until ended after {} repetitions: one without valid joules leaves the mean unknown", rounds)};
          }};
  try {
    run_rounds(commands.size(), limits, hooks);
  } catch (const Enough& enough) {
    end_early(enough.why);
  }
  if (until) note_ends(commands);
}

void CommandBenchmark::note_ends(const std::vector<std::size_t>& commands) {
  const double wanted = options_.repeat.until_rel;
  for (const std::size_t index : commands) {
    const auto& command = into_.commands[index];
    const auto interval = student_interval(joules_of(command));
    const double half_rel = interval.relative_width() / 2;
    if (half_rel >= wanted)
      note(fmt::format("{}: the joules repeat within {} only, after {} repetitions{}; {} was wanted", command.name,
                       percent(half_rel), command.runs.size(),
                       command.runs.size() >= options_.repeat.max_runs ? " (--max-runs)" : "", percent(wanted)));
    const auto summary = results::summarise(command, results::Summarised::gross_J);
    if (const double meter_rel = summary.U_meter / summary.spread.mean; meter_rel > wanted)
      note(fmt::format(
          "{}: the meter's own accuracy is the limit: its joules stay uncertain by {} however often it runs; {} was "
          "wanted. Ratios are free of the meter's gain error",
          command.name, percent(meter_rel), percent(wanted)));
  }
}

// One note for what repetitions have in common; each has its own reason in the exports.
void CommandBenchmark::note_runs(const results::BenchmarkedCommand& command) {
  std::size_t failed = 0, invalid = 0, doubtful = 0, crowded = 0;
  std::string why, doubt;
  double most_pct = 0;
  for (const auto& run : command.runs) {
    failed += run.exit_code != 0;
    if (run.other_cpu_pct > crowded_pct) {
      ++crowded;
      most_pct = std::max(most_pct, run.other_cpu_pct);
    }
    const bool valid = std::isfinite(run.gross.J);
    if (!valid && invalid++ == 0) why = run.reason;
    if (valid && !run.reason.empty() && doubtful++ == 0) doubt = run.reason;
  }
  const auto note_of = [&](std::size_t count, const std::string& text) {
    if (count > 0) note(fmt::format("{}: {} of {} repetitions {}", command.name, count, command.runs.size(), text));
  };
  note_of(failed, "failed (exit code not 0) and count");
  note_of(crowded, fmt::format("ran while other programs took up to {:.0f} % of the processors: joules and seconds include "
                               "their work",
                               most_pct));
  note_of(invalid, "have no valid joules, the first one because: " + why);
  note_of(doubtful, "are in doubt, the first one because: " + doubt);
}

bool CommandBenchmark::meters_failed() const {
  return std::ranges::none_of(monitors_, [](const auto* monitor) { return monitor->failure().empty(); });
}

std::string CommandBenchmark::failure_text() const {
  return fmt::format("the meter failed: {}; the repetitions end there", monitors_.front()->failure());
}

void CommandBenchmark::end_early(const std::string& why) {
  ended_early_ = true;
  note(why);
}

double CommandBenchmark::repeat(std::size_t command, std::size_t repetition) {
  if (meters_failed()) throw Enough{failure_text()};
  const std::string& name = into_.commands[command].name;
  execute(BenchmarkStep::prepare, command);
  hooks_.progress(fmt::format("repetition {}: {}", repetition + 1, name));
  results::BenchmarkRun run{.place = place_++, .started_utc = hooks_.utc_now()};
  const auto window = fmt::format("repetition/{}/command", run.place);
  const auto before = hooks_.processor_times();
  session_.begin(window);
  ChildRun child;
  try {
    child = hooks_.execute(BenchmarkStep::measure, command);
  } catch (...) {
    session_.end(window);
    throw;
  }
  session_.end(window);
  const auto use = processor_use(before, hooks_.processor_times());
  if (hooks_.interrupted()) throw Interrupted("interrupted");
  if (child.exit_code != 0 && !options_.ignore_failure)
    throw StepFailed(fmt::format("{}: exited with {} in repetition {} (--ignore-failure measures such runs, too)", name,
                                 child.exit_code, repetition + 1),
                     BenchmarkStep::measure, child.exit_code);
  run.exit_code = child.exit_code;
  run.user_s = child.user_s;
  run.system_s = child.system_s;
  idle();
  into_.commands[command].runs.push_back(settled(std::move(run), use));
  return into_.commands[command].runs.back().gross.J;
}

void CommandBenchmark::execute(BenchmarkStep step, std::size_t command) {
  const int code = hooks_.execute(step, command).exit_code;
  if (hooks_.interrupted() && step != BenchmarkStep::cleanup) throw Interrupted("interrupted");
  const bool may_fail = step == BenchmarkStep::warmup && options_.ignore_failure;
  if (code != 0 && !may_fail)
    throw StepFailed(fmt::format("{}: {} exited with {}", into_.commands[command].name, name_of(step), code), step, code);
}

void CommandBenchmark::idle() {
  left_text_.clear();
  if (into_.idle_s <= 0) return;
  if (cooldown_ != nullptr && idle_windows_ > 0 && !cooldown_->wait())
    note(fmt::format("--cooldown auto gave up: {}; the first idle window had {}", cooldown_->last_text(),
                     cooldown_->reference_text()));
  hooks_.progress(fmt::format("measuring idle power for {} s", into_.idle_s));
  const auto left = left_behind(earlier_processes_);
  session_.idle(fmt::format("repetition/{}/idle", idle_windows_++));
  left_text_ = left_text(left);
}

results::RunByMeter CommandBenchmark::settled_by(std::size_t meter, const std::optional<ProcessorUse>& use) {
  auto window = session_.measured(meter);
  window.use = use;
  const auto info = monitors_[meter]->meter();
  const auto result = result_of(window, info);
  results::RunByMeter run{.gross = joules_of(result.gross, info),
                          .net = joules_of(result.net, info),
                          .idle_W = result.net.idle_W,
                          .u_offset_W = result.gross.u_offset_W,
                          .u_rel_gain = result.gross.u_rel_gain,
                          .reason = result.gross.valid ? std::string() : result.gross.reason};
  add_reason(run.reason, result.doubt);
  add_reason(run.reason, result.net_reason);
  if (result.gross.valid) add_reason(run.reason, idle_unknown_text(window));
  return run;
}

results::BenchmarkRun CommandBenchmark::settled(results::BenchmarkRun run, const std::optional<ProcessorUse>& use) {
  run.duration_s = session_.measured().gross.duration_s;
  auto first = settled_by(0, use);
  run.gross = first.gross;
  run.net = first.net;
  run.idle_W = first.idle_W;
  run.u_offset_W = first.u_offset_W;
  run.u_rel_gain = first.u_rel_gain;
  run.reason = std::move(first.reason);
  add_reason(run.reason, left_text_);
  for (std::size_t i = 1; i < monitors_.size(); ++i) run.further.push_back(settled_by(i, use));
  const bool live = !monitors_.front()->meter().uri.starts_with("replay:");  // other programs do not disturb a recording
  if (live && use && use->other_pct) run.other_cpu_pct = *use->other_pct;
  return run;
}

void CommandBenchmark::note(const std::string& text) {
  if (std::ranges::find(into_.notes, text) == into_.notes.end()) into_.notes.push_back(text);
}

}  // namespace tbft
