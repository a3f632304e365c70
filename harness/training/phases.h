// Phases of a cell as the trainer announces them. The power monitor is one observer, the progress line another: accuracy code
// knows of neither.
#pragma once

#include <cstdint>
#include <string_view>

namespace tbft {

enum class Phase { load, train, forward, backward, step, validate, test };

constexpr std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::load:
      return "load";
    case Phase::train:
      return "train";
    case Phase::forward:
      return "forward";
    case Phase::backward:
      return "backward";
    case Phase::step:
      return "step";
    case Phase::validate:
      return "validate";
    case Phase::test:
      return "test";
  }
  return "";
}

class PhaseObserver {
 public:
  virtual ~PhaseObserver() = default;
  // forward, backward and step stand inside train; the others do not overlap. train may open and close once an epoch.
  virtual void begin(Phase phase) = 0;
  virtual void end(Phase phase) = 0;
  // Called after every training step and after every evaluated batch; either may throw to stop the work (an interrupt).
  virtual void stepped(std::int64_t step, std::int64_t planned_steps) = 0;
  virtual void evaluated(std::int64_t images, std::int64_t of) = 0;
  // Asked after every epoch: whether training ends here, as by early stop (a budget is spent).
  virtual bool enough() { return false; }
};

// Closes the phase on every path out. Closing may throw nothing but what the observer throws, so call done() on the good path.
class PhaseScope {
 public:
  PhaseScope(PhaseObserver& observer, Phase phase) : observer_(observer), phase_(phase) { observer_.begin(phase_); }
  ~PhaseScope() {
    if (!open_) return;
    try {
      observer_.end(phase_);
    } catch (...) {  // already on the way out with another error
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

}  // namespace tbft
