// Measures several commands by turns. In each round every command runs once, in a new random order, with an idle window between
// any two runs, so that a drift of the machine or of its idle power touches all commands alike. Child processes, clock and
// messages are injected.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/measurement/cooldown.h"
#include "harness/measurement/measurement_session.h"
#include "results/benchmark.h"

namespace tbft {

enum class RunOrder {
  interleaved,  // rounds in random order
  blocks        // all repetitions of a command before the next one begins
};

// How often each command runs.
struct RepeatRule {
  std::size_t runs = 10;  // without `until_rel`
  // 0, or repeat until half of the 95 % interval (Student's t) of each command's mean joules is below this fraction of the
  // mean, with at least min_runs and at most max_runs repetitions. Ends after min_runs where a repetition had no valid joules,
  // because the mean is then unknown.
  double until_rel = 0;
  std::size_t min_runs = 5, max_runs = 100;
};

struct BenchmarkOptions {
  RunOrder order = RunOrder::interleaved;
  std::uint64_t seed = 0;
  RepeatRule repeat;
  int warmup = 0;  // runs of each command before those that are measured
  bool ignore_failure = false;
};

enum class BenchmarkStep { setup, prepare, warmup, measure, cleanup };

struct ChildRun {
  int exit_code = 0;
  double user_s = results::unknown, system_s = results::unknown;
};

struct BenchmarkHooks {
  // Runs a step of a command to its end; a step that the command lacks has exit code 0.
  std::function<ChildRun(BenchmarkStep step, std::size_t command)> execute;
  std::function<bool()> interrupted;  // whether the user wants no further runs
  std::function<std::string()> utc_now;
  std::function<std::optional<ProcessorTimes>()> processor_times;
  std::function<void(const std::string&)> progress, warn;
};

// A step ended with an exit code other than 0. The message names the step, the command and the code.
struct StepFailed : std::runtime_error {
  StepFailed(const std::string& message, BenchmarkStep failed, int code)
      : std::runtime_error(message), step(failed), exit_code(code) {}
  BenchmarkStep step;
  int exit_code;
};

class CommandBenchmark {
 public:
  // The monitors, the session over them, and the cooldown (nullptr: none) must outlive this object. `into` has the commands.
  // Each run is added to it when it has been measured, so that the complete runs are in it even after an exception.
  CommandBenchmark(const BenchmarkOptions& options, std::vector<power::Monitor*> monitors, MeasurementSession& session,
                   Cooldown* cooldown, BenchmarkHooks hooks, results::Benchmark& into);

  // Setups, warm-ups, repetitions, cleanups; a cleanup runs for each command whose setup ran, whatever happened. Throws
  // StepFailed, and Interrupted where the user ended it.
  void run();
  // Whether repetitions are missing without an exception: the meter failed, or --until could not be reached.
  bool ended_early() const { return ended_early_; }

 private:
  void run_all(const std::vector<std::size_t>& commands);
  void begin(const std::vector<std::size_t>& commands);
  void clean_up();
  void repeat_all(const std::vector<std::size_t>& commands);
  bool meters_failed() const;  // all of them
  std::string failure_text() const;
  void end_early(const std::string& why);
  double repeat(std::size_t command, std::size_t repetition);
  void execute(BenchmarkStep step, std::size_t command);
  void idle();
  results::BenchmarkRun settled(results::BenchmarkRun run, const std::optional<ProcessorUse>& use);
  results::RunByMeter settled_by(std::size_t meter, const std::optional<ProcessorUse>& use);
  void note(const std::string& text);
  void note_runs(const results::BenchmarkedCommand& command);
  void note_ends(const std::vector<std::size_t>& commands);

  const BenchmarkOptions& options_;
  std::vector<power::Monitor*> monitors_;
  MeasurementSession& session_;
  Cooldown* cooldown_;
  BenchmarkHooks hooks_;
  results::Benchmark& into_;
  std::vector<pid_t> earlier_processes_;  // processes that existed before, such as a meter's helper program
  std::vector<std::size_t> to_clean_;
  std::size_t place_ = 0, idle_windows_ = 0;
  std::string left_text_;
  bool ended_early_ = false;
};

}  // namespace tbft
