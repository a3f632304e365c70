#include "harness/experiment/cell_observer.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/host/interrupted.h"

namespace tbft {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

void CellObserver::begin_cell() {
  if (monitor_ != nullptr) monitor_->begin(window_);
}
void CellObserver::end_cell() {
  if (monitor_ != nullptr) monitor_->end(window_);
}
void CellObserver::begin(Phase phase) {
  if (phase == Phase::train) train_began_ = SteadyClock::now();
  if (traced(phase)) monitor_->begin(name(phase));
}
void CellObserver::end(Phase phase) {
  if (traced(phase)) monitor_->end(name(phase));
  if (phase == Phase::train) train_s_ += seconds_since(train_began_);
}
void CellObserver::stepped(std::int64_t step, std::int64_t planned) {
  if (stop_) throw Interrupted("interrupted");
  progress_(static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(planned, 1)));
}
void CellObserver::evaluated(std::int64_t, std::int64_t) {
  if (stop_) throw Interrupted("interrupted");
}

bool CellObserver::traced(Phase phase) const {
  const bool inner = phase == Phase::forward || phase == Phase::backward || phase == Phase::step;
  return monitor_ != nullptr && (trace_steps_ || !inner);
}
std::string CellObserver::name(Phase phase) const {
  return fmt::format("{}/{}", window_, to_string(phase));
}

}  // namespace tbft
