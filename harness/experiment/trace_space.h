// Estimates the size of a run's trace and checks the disk for it.
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

// The readings per second of a meter at this requested interval (0 s: its default). 0 for an instant replay, which has no rate.
double trace_rows_per_s(const power::Meter& meter, double interval_s);

// A trace that will be written.
struct TracePlan {
  double rows_per_s = 0;
  std::optional<double> seconds = std::nullopt;  // unknown until a cell of the run has ended
  bool cells_only = false;                       // meter.trace = cells: the trace is smaller
  double MB_per_hour() const;
};
// For `tbft run --dry-run`: "trace: about 203 MB an hour (940 readings a second); ...".
std::string trace_size_text(const TracePlan& plan);

// The time that cells without a row of status ok will take, estimated from the existing rows; nothing without rows.
std::optional<double> seconds_left(const std::filesystem::path& cells_csv, const std::vector<Cell>& cells, double idle_s);

// Free bytes in the file system that contains, or will contain, `path`. Throws std::filesystem::filesystem_error.
std::uintmax_t free_bytes(const std::filesystem::path& path);

// A problem if the trace, or six minutes of it, does not fit; a warning if less than four hours fit.
Check check_space(const std::filesystem::path& folder, std::uintmax_t free_bytes, const TracePlan& plan);

}  // namespace tbft
