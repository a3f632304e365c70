// One cell: trained, tested, timed. With or without a power monitor beside it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <variant>

#include "harness/phases.h"
#include "harness/row.h"
#include "harness/run_setup.h"
#include "harness/runner.h"
#include "power/monitor.h"

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

// How a cell is trained, or why it cannot be.
using CellWay = std::variant<TrainSettings, std::string>;
// Searches what is not known yet; throws Interrupted.
CellWay way_of(RunSetup& setup, const Cell& cell);

// Trains and tests the cell; what fails is in the outcome. Throws Interrupted.
CellMeasurement run_cell(RunSetup& setup, const Cell& cell, const CellWay& way, CellObserver& observer);

void count(const results::CellRow& row, RunOutcome& outcome);
// "input/fog-3 10 % fc #0: 84.10 %, 12.0 J, 3.1 s", for people.
std::string outcome_text(const Cell& cell, const results::CellRow& row);

}  // namespace tbft
