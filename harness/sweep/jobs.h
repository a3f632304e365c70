// `run --jobs`: cells in several processes at once, for their accuracies alone. Energy, power and time of a cell that shares
// the machine with others say nothing of it: no meter is opened, and those columns stay empty.
#pragma once

#include <atomic>

#include "harness/experiment/run_status.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/sweep/runner.h"

namespace tbft {

// request.jobs processes at once. Accuracies are those of a run of one cell after the other with as many threads. A process
// that dies costs its cell, which is then `failed`. `status` is kept up to date. Throws as run_experiment().
RunOutcome run_jobs(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop,
                    RunStatus& status, StatusFile& status_file);

}  // namespace tbft
