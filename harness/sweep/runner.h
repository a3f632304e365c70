// The runner: the cells of a plan, one after the other and each measured, or several at once (jobs.h); each a row of cells.csv.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"

namespace tbft {

struct RunRequest {
  Settings settings;  // as requested: file and --set
  std::filesystem::path directory;
  bool resume = false;
  std::vector<std::string> command_line;  // for provenance
  std::vector<std::string> cells;         // that are to run, as select_cells() takes them; none: all
  std::int64_t jobs = 0;                  // processes at once, for accuracies alone; 0: one cell after the other, measured
  std::filesystem::path status;           // file that tells other programs how far it is; empty: none
};

// The meter of a run that measures nothing, in its settings.
inline constexpr const char* no_meter = "none";

struct RunOutcome {
  std::int64_t planned = 0, skipped = 0, ok = 0, failed = 0, invalid = 0;
};

// Runs what is missing. `stop` is looked at after every step; a row whose cell is finished is still written. Throws
// UsageError, RunDirectoryError, data::DataError, models::CheckpointError, power::MeterUnavailable, Interrupted.
RunOutcome run_experiment(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop);

}  // namespace tbft
