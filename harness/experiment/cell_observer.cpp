#include "harness/experiment/cell_observer.h"

#include <fmt/format.h>

#include <algorithm>

namespace tbft {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

void CellObserver::begin_cell() {
  if (session_ != nullptr) session_->begin(window_);
}
void CellObserver::end_cell() {
  if (session_ != nullptr) session_->end(window_);
}
void CellObserver::begin(Phase phase) {
  if (phase == Phase::train) train_began_ = SteadyClock::now();
  if (tuning(phase)) session_->begin(window_ + "/tuning");
  if (traced(phase)) session_->begin(name(phase));
}
void CellObserver::end(Phase phase) {
  if (traced(phase)) session_->end(name(phase));
  if (tuning(phase)) session_->end(window_ + "/tuning");
  if (phase == Phase::train) train_s_ += seconds_since(train_began_);
}
void CellObserver::stepped(std::int64_t step, std::int64_t planned) {
  StopObserver::stepped(step, planned);
  if (at_work) at_work();
  progress_(static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(planned, 1)));
}

void CellObserver::evaluated(std::int64_t images, std::int64_t of) {
  StopObserver::evaluated(images, of);
  if (at_work) at_work();
}

bool CellObserver::traced(Phase phase) const {
  const bool inner = phase == Phase::forward || phase == Phase::backward || phase == Phase::step;
  return session_ != nullptr && (trace_steps_ || !inner);
}
std::string CellObserver::name(Phase phase) const {
  return fmt::format("{}/{}", window_, to_string(phase));
}

}  // namespace tbft
