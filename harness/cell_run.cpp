#include "harness/cell_run.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <stdexcept>

#include "harness/interrupted.h"
#include "results/text.h"

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

CellWay way_of(RunSetup& setup, const Cell& cell) {
  try {
    return setup.cell_settings.of(cell);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    return results::error_text(error);
  }
}

CellMeasurement run_cell(RunSetup& setup, const Cell& cell, const CellWay& way, CellObserver& observer) {
  const auto* settings = std::get_if<TrainSettings>(&way);
  CellMeasurement m;
  m.cell = cell;
  if (settings != nullptr) m.lr = settings->lr;
  m.started_utc = utc_now();
  m.before = BoardState::of(setup.board);
  malloc_trim(0);  // what an earlier cell needed is no memory of this one
  setup.board.reset_peak_rss();
  const auto start = SteadyClock::now();
  observer.begin_cell();
  try {
    if (settings == nullptr) throw std::runtime_error(std::get<std::string>(way));
    m.result =
        setup.trainer.run(find_strategy(cell.strategy), setup.data.images(cell), setup.data.split(cell), *settings, observer);
    m.lr = m.result->lr;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    m.failure = results::error_text(error);
  }
  observer.end_cell();
  m.duration_s = seconds_since(start);
  m.train_s = observer.train_s();
  m.peak_rss_MiB = setup.board.peak_rss_MiB();
  m.after = BoardState::of(setup.board);
  return m;
}

void count(const results::CellRow& row, RunOutcome& outcome) {
  if (row.status == "ok") ++outcome.ok;
  if (row.status == "failed") ++outcome.failed;
  if (row.status == "invalid") ++outcome.invalid;
}

std::string outcome_text(const Cell& cell, const results::CellRow& row) {
  return fmt::format("{} {:.0f} % {} #{}: {}{}{}{}", cell.drift_text(), cell.train_size * 100, cell.strategy, cell.repetition,
                     row.accuracy_pct ? fmt::format("{:.2f} %", *row.accuracy_pct) : "no accuracy",
                     row.gross_J ? fmt::format(", {:.1f} J{}", *row.gross_J, *row.measured == 1 ? "" : " (estimate)") : "",
                     row.duration_s ? fmt::format(", {:.1f} s", *row.duration_s) : "",
                     row.status == "ok" ? "" : fmt::format(" {}: {}", row.status, row.reason));
}

}  // namespace tbft
