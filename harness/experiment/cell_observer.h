// What a cell is seen doing: its windows of the meter, its progress, its time.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "harness/training/phases.h"
#include "tbft/power/monitor.h"

namespace tbft {

// Seconds since a moment, by the steady clock.
double seconds_since(std::chrono::steady_clock::time_point start);

// Feeds the cell and its phases to the power monitor, where there is one, and to the progress line, and keeps the time spent in
// training.
class CellObserver : public PhaseObserver {
 public:
  CellObserver(power::Monitor* monitor, std::string window, bool trace_steps, const std::atomic<bool>& stop,
               std::function<void(double)> progress)
      : monitor_(monitor), window_(std::move(window)), trace_steps_(trace_steps), stop_(stop), progress_(std::move(progress)) {}

  void begin_cell();
  void end_cell();
  void begin(Phase phase) override;
  void end(Phase phase) override;
  // Both throw Interrupted where the user stops the work.
  void stepped(std::int64_t step, std::int64_t planned) override;
  void evaluated(std::int64_t images, std::int64_t of) override;
  double train_s() const { return train_s_; }

 private:
  bool traced(Phase phase) const;
  std::string name(Phase phase) const;

  power::Monitor* monitor_;
  std::string window_;
  bool trace_steps_;
  const std::atomic<bool>& stop_;
  std::function<void(double)> progress_;
  std::chrono::steady_clock::time_point train_began_;
  double train_s_ = 0;
};

}  // namespace tbft
