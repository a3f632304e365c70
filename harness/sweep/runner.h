// Runs the cells of a plan one after the other, each measured, or several at once (run_jobs). Each gives a row of cells.csv.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/experiment/experiments.h"
#include "harness/experiment/run_status.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/host/interrupted.h"
#include "tbft/power/registry.h"

namespace tbft {

struct RunRequest {
  Settings settings;  // as requested by file and --set
  std::filesystem::path directory;
  bool resume = false;
  std::vector<std::string> command_line;  // for provenance
  std::vector<std::string> cells;         // cells to run, in the form of select_cells(); empty: all
  std::int64_t jobs = 0;                  // processes at once, for accuracies only; 0: one cell after the other, measured
  std::filesystem::path status;           // file for other programs that reports the progress; empty: none
  bool allow_script = false;              // whether the user permits the program in a TorchScript file to run
  power::Programs programs = power::Programs::refused;  // whether the user typed the meter's URI, which may then run a program
  ExperimentOrigin experiment = {};                     // for provenance
  // What memory_limit asks for (memory_choice.h): settings has the batch already.
  bool keeps_none = false;       // no outputs of frozen blocks, whatever train.cache says
  std::string warm_up = "full";  // the strategy of the warm-up cell
};

// The meter in the settings of a run that measures nothing.
inline constexpr const char* no_meter = "none";

struct RunOutcome {
  std::int64_t planned = 0, skipped = 0, ok = 0, failed = 0, invalid = 0;
  std::int64_t spared = 0;  // sweep.until needs no further repetition of them
};

// Runs the cells that are not done. Checks `stop` after every step; the row of a finished cell is still written. Throws
// UsageError, RunDirectoryError, data::DataError, models::CheckpointError, power::MeterUnavailable, Interrupted.
RunOutcome run_experiment(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop);

// `run --jobs`: runs cells in several processes at once, for their accuracies only. Energy, power and time of a cell that
// shares the machine are meaningless, so no meter is opened and those columns stay empty.
//
// Runs request.jobs processes at once. Accuracies equal those of a sequential run with as many threads. If a process dies, its
// cell is `failed`. `status` is kept up to date. Throws like run_experiment().
RunOutcome run_jobs(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop,
                    RunStatus& status, StatusFile& status_file);

}  // namespace tbft
