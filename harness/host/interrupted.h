// Stopping by signal: SIGINT, SIGTERM and SIGHUP set a flag that work looks at between steps.
#pragma once

#include <atomic>
#include <stdexcept>

namespace tbft {

// The work was stopped by a signal; what is finished is on disk. The program exits with 130.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Installs the handlers while it lives. The second signal ends the process at once. SIGHUP stays ignored under nohup.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  const std::atomic<bool>& flag() const;

 private:
  void (*hangup_)(int);  // what SIGHUP did before
};

}  // namespace tbft
