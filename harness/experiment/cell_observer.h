// Observes a cell: opens its windows in the session, reports its progress and measures its time.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "harness/measurement/measurement_session.h"
#include "harness/training/phases.h"
#include "tbft/power/monitor.h"

namespace tbft {

// Seconds since `start`.
double seconds_since(std::chrono::steady_clock::time_point start);

// Makes the cell and its phases windows of the session, if there is one, reports progress, and sums the time spent in training.
// Throws Interrupted if the user stops the work.
class CellObserver : public StopObserver {
 public:
  CellObserver(MeasurementSession* session, std::string window, bool trace_steps, const std::atomic<bool>& stop,
               std::function<void(double)> progress)
      : StopObserver(stop),
        session_(session),
        window_(std::move(window)),
        trace_steps_(trace_steps),
        progress_(std::move(progress)) {}

  // Adds a window WINDOW/tuning over training and validation, because their own windows may be shorter than the meter's period.
  bool joins_tuning = false;
  // Called after every step and every evaluated batch.
  std::function<void()> at_work;
  // Training ends after the first epoch at which this returns true.
  std::function<bool()> is_enough;

  void begin_cell();
  void end_cell();
  void begin(Phase phase) override;
  void end(Phase phase) override;
  void stepped(std::int64_t step, std::int64_t planned) override;
  void evaluated(std::int64_t images, std::int64_t of) override;
  bool enough() override { return is_enough && is_enough(); }
  double train_s() const { return train_s_; }

 private:
  bool tuning(Phase phase) const { return joins_tuning && (phase == Phase::train || phase == Phase::validate); }
  bool traced(Phase phase) const;
  std::string name(Phase phase) const;

  MeasurementSession* session_;
  std::string window_;
  bool trace_steps_;
  std::function<void(double)> progress_;
  std::chrono::steady_clock::time_point train_began_;
  double train_s_ = 0;
};

}  // namespace tbft
