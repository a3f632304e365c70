#include "harness/sweep/cell_run.h"

#include <fmt/format.h>

#include <stdexcept>

#include "harness/host/interrupted.h"
#include "harness/training/memory.h"
#include "results/text.h"

namespace tbft {

using SteadyClock = std::chrono::steady_clock;

ResolvedSettings resolve_settings(RunSetup& setup, const Cell& cell) {
  try {
    return setup.cell_settings.of(cell);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    return results::error_text(error);
  }
}

CellMeasurement run_cell(RunSetup& setup, const Cell& cell, const ResolvedSettings& resolved, CellObserver& observer) {
  const auto* settings = std::get_if<TrainSettings>(&resolved);
  CellMeasurement m;
  m.cell = cell;
  if (settings != nullptr) m.lr = settings->lr;
  m.started_utc = utc_now();
  m.before = BoardState::of(setup.board);
  hand_back_memory();  // memory of an earlier cell must not count for this one
  setup.board.reset_peak_rss();
  const auto start = SteadyClock::now();
  observer.begin_cell();
  try {
    if (settings == nullptr) throw std::runtime_error(std::get<std::string>(resolved));
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
  const auto point = cell.point.text();
  return fmt::format("{} {:.0f} % {}{}{} #{}: {}{}{}{}", cell.drift_text(), cell.train_size * 100, cell.strategy,
                     point.empty() ? "" : " ", point, cell.repetition,
                     row.accuracy_pct ? fmt::format("{:.2f} %", *row.accuracy_pct) : "no accuracy",
                     row.gross_J ? fmt::format(", {:.1f} J{}", *row.gross_J, *row.measured == 1 ? "" : " (estimate)") : "",
                     row.duration_s ? fmt::format(", {:.1f} s", *row.duration_s) : "",
                     row.status == "ok" ? "" : fmt::format(" {}: {}", row.status, row.reason));
}

}  // namespace tbft
