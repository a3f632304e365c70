// An observer that only checks whether the user wants to stop: for work outside of a measured cell.
#pragma once

#include <atomic>
#include <cstdint>

#include "harness/host/interrupted.h"
#include "harness/training/phases.h"

namespace tbft {

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
