#include "harness/experiment/trace_space.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/host/console.h"
#include "results/csv.h"

namespace tbft {

namespace {

namespace fs = std::filesystem;

// 16 digits of time, 7 separators, and volts, amperes and watts: 29 digits with an INA219, up to 51 with finer converters.
constexpr double bytes_a_row = 60;
constexpr double MB = 1e6;
constexpr double hour_s = 3600;
constexpr double least_s = 360;
constexpr double ample_s = 4 * hour_s;

std::string size_text(double bytes) {
  return bytes < 10e9 ? fmt::format("{:.3g} MB", bytes / MB) : fmt::format("{:.0f} GB", bytes / 1e9);
}

}  // namespace

double trace_rows_per_s(const power::Meter& meter, double interval_s) {
  if (const auto* recording = meter.recording(); recording != nullptr && recording->instant) return 0;
  const auto& info = meter.info();
  const double period_s = interval_s > 0 && !info.paces_itself ? interval_s : info.nominal_period_s;
  return period_s > 0 ? 1 / period_s : 0;
}

double TracePlan::MB_per_hour() const {
  return rows_per_s * bytes_a_row * hour_s / MB;
}

std::string trace_size_text(const TracePlan& plan) {
  if (plan.seconds && *plan.seconds <= 0) return "trace: no more readings, because no cell is left to run";
  if (plan.rows_per_s <= 0) return "trace: one row for each reading of the replayed recording";
  return fmt::format("trace: {} {:.3g} MB an hour ({:.4g} readings a second); {}", plan.cells_only ? "at most" : "about",
                     plan.MB_per_hour(), plan.rows_per_s,
                     plan.seconds
                         ? fmt::format("{} for the {} expected from the rows so far",
                                       size_text(*plan.seconds * plan.rows_per_s * bytes_a_row), duration_text(*plan.seconds))
                         : "the duration is unknown until the first cell has ended");
}

std::optional<double> seconds_left(const fs::path& cells_csv, const std::vector<Cell>& cells, double idle_s) {
  if (!fs::exists(cells_csv)) return std::nullopt;
  const auto rows = results::read_cells(cells_csv).rows;
  double sum_s = 0;
  std::size_t ok = 0;
  auto left = static_cast<double>(cells.size());
  for (const auto& row : rows) {
    if (row.status != "ok" || !row.duration_s) continue;
    sum_s += *row.duration_s;
    ++ok;
    left -= std::ranges::any_of(cells, [&](const Cell& cell) { return cell.id == row.cell_id; }) ? 1 : 0;
  }
  if (ok == 0) return std::nullopt;
  return left * (sum_s / static_cast<double>(ok) + std::max(idle_s, 0.0));
}

std::uintmax_t free_bytes(const fs::path& path) {
  auto there = fs::absolute(path).lexically_normal();
  while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
  return fs::space(there).available;
}

Check check_space(const fs::path& folder, std::uintmax_t free, const TracePlan& plan) {
  const double free_B = static_cast<double>(free);
  Check check{.topic = "disk", .name = folder.string(), .detail = fmt::format("{} free", size_text(free_B))};
  if (plan.rows_per_s <= 0) return check;
  const double lasts_s = free_B / (plan.rows_per_s * bytes_a_row);
  check.detail += fmt::format(", room for {} of a trace of {:.3g} MB an hour", duration_text(lasts_s), plan.MB_per_hour());
  const bool short_of_plan = plan.seconds && *plan.seconds > lasts_s;
  if (short_of_plan) check.detail += fmt::format("; {} are left to run", duration_text(*plan.seconds));
  // The time that the remaining cells need at most; if it is unknown, a few hours.
  const double wanted_s = plan.seconds.value_or(ample_s);
  if (lasts_s < std::min(wanted_s, least_s) || (short_of_plan && !plan.cells_only)) {
    check.health = Health::problem;
  } else if (lasts_s < wanted_s) {
    check.health = Health::warning;
  }
  if (check.health != Health::ok) {
    check.fix = plan.cells_only ? "free some space, or use --trace off or a longer meter.interval_s"
                                : "free some space, or use --trace cells, --trace off or a longer meter.interval_s";
  }
  return check;
}

}  // namespace tbft
