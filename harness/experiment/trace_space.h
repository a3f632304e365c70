// How large the trace of a run becomes, and whether the disk has room for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"
#include "harness/host/doctor.h"
#include "tbft/power/meter.h"

namespace tbft {

// Readings a second that a meter gives at this requested interval; 0 s: its own. An instant replay has no rate: 0.
double trace_rows_per_s(const power::Meter& meter, double interval_s);

// A trace that is to be written.
struct TracePlan {
  double rows_per_s = 0;
  std::optional<double> seconds = std::nullopt;  // unknown while no cell of the run is finished
  bool cells_only = false;                       // meter.trace = cells: less than this
  double MB_per_hour() const;
};
// For `tbft run --dry-run`: "trace: about 203 MB an hour (940 readings a second); ...".
std::string trace_size_text(const TracePlan& plan);

// How long the cells without a row that says ok will take, by the rows that a run directory has already; nothing without rows.
std::optional<double> seconds_left(const std::filesystem::path& cells_csv, const std::vector<Cell>& cells, double idle_s);

// Of the file system that holds `path`, or will hold it. Throws std::filesystem::filesystem_error.
std::uintmax_t free_bytes(const std::filesystem::path& path);

// A problem where the trace does not fit or less than six minutes of it do; a warning where less than four hours do.
Check check_space(const std::filesystem::path& folder, std::uintmax_t free_bytes, const TracePlan& plan);

}  // namespace tbft
