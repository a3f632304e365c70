// Forecasts from rows, and forecasts as text and JSON. No torch here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/experiment/trace_space.h"
#include "harness/sweep/forecast.h"
#include "results/csv.h"

namespace tbft {

namespace {

std::string joules_text(double joules) {
  return joules < 10e3 ? fmt::format("{:.3g} J", joules) : fmt::format("{:.3g} kJ", joules / 1e3);
}

}  // namespace

Forecast forecast_from_rows(const std::filesystem::path& cells_csv, const std::vector<Cell>& cells, double idle_s) {
  Forecast forecast;
  forecast.from_rows = true;
  const auto left_s = seconds_left(cells_csv, cells, idle_s);
  if (!left_s) {
    forecast.unknown = "the run has no row yet";
    return forecast;
  }
  double sum_J = 0;
  std::int64_t with_joules = 0;
  forecast.cells = std::ssize(cells);
  bool all_measured = true;
  for (const auto& row : results::read_cells(cells_csv).rows) {
    if (row.status != "ok") continue;
    if (std::ranges::any_of(cells, [&](const Cell& cell) { return cell.id == row.cell_id; })) --forecast.cells;
    if (!row.gross_J) continue;
    sum_J += *row.gross_J;
    ++with_joules;
    all_measured = all_measured && row.measured == 1;
  }
  forecast.seconds = *left_s;
  forecast.measured = with_joules > 0 && all_measured;
  if (with_joules > 0) forecast.joules = static_cast<double>(forecast.cells) * sum_J / static_cast<double>(with_joules);
  return forecast;
}

std::string to_text(const Forecast& forecast) {
  if (!forecast.unknown.empty()) return fmt::format("unknown: {}", forecast.unknown);
  if (forecast.cells == 0) return "no cell is left to run";
  std::string text = fmt::format("about {} for {} cells, {}", duration_text(forecast.seconds), forecast.cells,
                                 forecast.from_rows ? "from the rows so far" : "if no cell stops early");
  if (std::isfinite(forecast.joules)) {
    text += fmt::format("; about {} gross", joules_text(forecast.joules));
    if (std::isfinite(forecast.power_W)) text += fmt::format(" at {:.3g} W", forecast.power_W);
    if (!forecast.measured) text += " (not measured)";
  } else {
    text += "; joules unknown";
  }
  if (!forecast.notes.empty()) text += fmt::format("; {}", fmt::join(forecast.notes, "; "));
  return text;
}

nlohmann::ordered_json to_json(const Forecast& forecast) {
  if (!forecast.unknown.empty()) return {{"unknown", forecast.unknown}};
  // nlohmann-json writes an unknown number (NaN) as null.
  return {{"cells", forecast.cells},    {"seconds", forecast.seconds},   {"gross_J", forecast.joules},
          {"mean_W", forecast.power_W}, {"measured", forecast.measured}, {"from", forecast.from_rows ? "rows" : "timed steps"},
          {"notes", forecast.notes}};
}

}  // namespace tbft
