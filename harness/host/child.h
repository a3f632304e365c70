// A command as a child process: its streams are ours, signals are forwarded, a time-out ends it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tbft {

// Exit codes that `env` and `timeout` (coreutils) use.
inline constexpr int exit_timed_out = 124;
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;

// Why a command that ChildRunner::run() answered with exit_not_found could not start: it is nowhere, or what would run it is
// missing (the interpreter of a script, the dynamic loader of a program for another system).
std::string missing_of(const std::string& command);

// Blocks the signals that ChildRunner waits for, in the calling thread and those it starts later: construct it before any
// other thread exists, so that a signal reaches nobody else.
class ChildRunner {
 public:
  ChildRunner();
  ~ChildRunner();
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  // Runs `command` (found through PATH) to its end. Returns its exit code, 128 + n where signal n ended it, exit_timed_out
  // where the time-out did (SIGTERM to it and all that it started, SIGKILL 2 s later), exit_not_found or exit_not_executable
  // where it could not start. What the command leaves behind becomes our child, so that it can be found (process_tree.h).
  int run(const std::vector<std::string>& command, std::optional<double> timeout_s);
  // Waits. Throws Interrupted when a signal asks us to end, now or since the last run(). run() throws it before it starts.
  void sleep(double seconds);
  // Whether such a signal came during a run(): the command may have survived it, but more runs are not wanted.
  bool signalled() const { return signalled_; }

 private:
  struct Mask;
  Mask* old_;
  bool signalled_ = false;
};

}  // namespace tbft
