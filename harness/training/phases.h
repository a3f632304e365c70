// The phases of a cell, as the trainer announces them to an observer such as the power monitor or the progress line. The code
// that computes accuracies knows none of the observers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/host/interrupted.h"

namespace tbft {

enum class Phase { load, train, forward, backward, step, validate, test };

constexpr std::string_view to_string(Phase phase) {
  constexpr std::array<std::string_view, 7> names{"load", "train", "forward", "backward", "step", "validate", "test"};
  return names.at(static_cast<std::size_t>(phase));
}

class PhaseObserver {
 public:
  virtual ~PhaseObserver() = default;
  // forward, backward and step lie inside train; the others do not overlap. train may begin and end once in each epoch.
  virtual void begin(Phase phase) = 0;
  virtual void end(Phase phase) = 0;
  // Called after every training step and after every evaluated batch. Either may throw to stop the work (an interrupt).
  virtual void stepped(std::int64_t step, std::int64_t planned_steps) = 0;
  virtual void evaluated(std::int64_t images, std::int64_t of) = 0;
  // Called after every epoch. Returns true to end training here, like early stopping; for example, because a budget is spent.
  virtual bool enough() { return false; }
};

// Ends the phase on every path out of a scope. Call done() on the normal path: the destructor must swallow what end() throws.
class PhaseScope {
 public:
  PhaseScope(PhaseObserver& observer, Phase phase) : observer_(observer), phase_(phase) { observer_.begin(phase_); }
  ~PhaseScope() {
    if (!open_) return;
    try {
      observer_.end(phase_);
    } catch (...) {  // another error is already propagating
    }
  }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;
  void done() {
    open_ = false;
    observer_.end(phase_);
  }

 private:
  PhaseObserver& observer_;
  Phase phase_;
  bool open_ = true;
};

// An observer that only checks whether the user wants to stop: for work outside of a measured cell.

class StopObserver : public PhaseObserver {
 public:
  explicit StopObserver(const std::atomic<bool>& stop) : stop_(stop) {}
  void begin(Phase) override {}
  void end(Phase) override {}
  void stepped(std::int64_t, std::int64_t) override { stop_point(); }
  void evaluated(std::int64_t, std::int64_t) override { stop_point(); }

 private:
  void stop_point() const {
    if (stop_) throw Interrupted("interrupted");
  }
  const std::atomic<bool>& stop_;
};

}  // namespace tbft
