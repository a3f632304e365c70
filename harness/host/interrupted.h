// Stopping by signal. SIGINT, SIGTERM and SIGHUP set a flag that the work checks between steps.
#pragma once

#include <atomic>
#include <stdexcept>

namespace tbft {

// A signal stopped the work; finished results are on disk. The program exits with 130.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Installs the handlers for its lifetime. A second signal ends the process at once. SIGHUP stays ignored under nohup.
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
