// `run --jobs`: runs cells in several processes at once, for their accuracies only. Energy, power and time of a cell that
// shares the machine are meaningless, so no meter is opened and those columns stay empty.
#pragma once

#include <atomic>

#include "harness/experiment/run_status.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/sweep/runner.h"

namespace tbft {

// Runs request.jobs processes at once. Accuracies equal those of a sequential run with as many threads. If a process dies, its
// cell is `failed`. `status` is kept up to date. Throws like run_experiment().
RunOutcome run_jobs(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop,
                    RunStatus& status, StatusFile& status_file);

}  // namespace tbft
