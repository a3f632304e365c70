// Runs a command as a child process. It shares our standard streams unless told otherwise, signals are forwarded to it, and a
// time-out ends it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tbft {

// Exit codes that `env` and `timeout` (coreutils) use.
inline constexpr int exit_timed_out = 124;
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;

// Says why a command could not start for which ChildRunner::run() returned exit_not_found: the file does not exist, or the
// interpreter of a script or the dynamic loader of a program for another system is missing.
std::string missing_of(const std::string& command);

// Whether a file of this name exists, in PATH if the name has no slash.
bool exists_as_command(const std::string& command);

// Standard streams of a command that are /dev/null in place of ours.
struct ChildStreams {
  bool no_input = false, no_output = false;
};

// Blocks the signals that ChildRunner waits for, in the calling thread and in threads that it starts later. Construct it before
// any other thread exists, so that no other thread receives such a signal.
class ChildRunner {
 public:
  ChildRunner();
  ~ChildRunner();
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  // Runs `command` (found through PATH) to its end. Returns its exit code; 128 + n if signal n ended it; exit_timed_out if the
  // time-out did (SIGTERM to it and to all that it started, SIGKILL 2 s later); exit_not_found or exit_not_executable if it
  // could not start. Processes that the command leaves running become children of this process, so that they can be found
  // (process_tree.h).
  int run(const std::vector<std::string>& command, std::optional<double> timeout_s, const ChildStreams& streams = {});
  // Whether the last command could start.
  bool started() const { return started_; }
  // Processor time of the last command, and of those of its children for which it waited; 0 if it could not start.
  double user_s() const { return user_s_; }
  double system_s() const { return system_s_; }
  // Waits. Throws Interrupted if a signal asks this program to end, now or since the last run(). run() also throws it before it
  // starts.
  void sleep(double seconds);
  // Reaps what commands left running and has ended since: this process is now its parent, and would keep a zombie of each.
  void reap() const;
  // Whether such a signal came during a run(). The command may have survived it, but the user wants no further runs.
  bool signalled() const { return signalled_; }

 private:
  struct Mask;
  Mask* old_;
  bool signalled_ = false;
  bool started_ = false;
  std::optional<std::vector<pid_t>> not_ours_;  // descendants before the first run(), such as a meter's program
  double user_s_ = 0, system_s_ = 0;
};

}  // namespace tbft
