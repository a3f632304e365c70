#include "harness/host/interrupted.h"

#include <csignal>

namespace tbft {

namespace {

// A signal handler can only reach a global variable.
std::atomic<bool> stopped{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int number) {
  stopped = true;
  std::signal(number, SIG_DFL);
}

}  // namespace

StopOnSignal::StopOnSignal() {
  stopped = false;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  // With nohup the user wants the program to outlive the terminal.
  hangup_ = std::signal(SIGHUP, on_signal);
  if (hangup_ == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
}

StopOnSignal::~StopOnSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGHUP, hangup_);
}

const std::atomic<bool>& StopOnSignal::flag() const {
  return stopped;
}

}  // namespace tbft
