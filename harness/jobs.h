// `run --jobs`: cells in several processes at once, for their accuracies alone. Energy, power and time of a cell that shares
// the machine with others say nothing of it: no meter is opened, and those columns stay empty.
#pragma once

#include <atomic>

#include "harness/board.h"
#include "harness/console.h"
#include "harness/runner.h"

namespace tbft {

// request.jobs processes at once, each with settings.threads threads (0: its share of the cores). Accuracies are those of a run
// of one cell after the other with as many threads. A process that dies costs its cell, which is then `failed`. Throws as
// run_experiment().
RunOutcome run_jobs(const RunRequest& request, const Board& board, Console& console, const std::atomic<bool>& stop);

}  // namespace tbft
