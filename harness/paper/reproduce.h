// `tbft reproduce`: every table of the paper that the material at hand allows, one run directory each, and one report.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/paper/reproduction_plan.h"
#include "results/inputs.h"
#include "results/reproduction.h"

namespace tbft {

struct ReproductionOutcome {
  std::int64_t cells = 0, ok = 0, failed = 0, invalid = 0;  // of all tables
  std::int64_t not_made = 0;                                // tables whose data or base model cannot be read
};

// What a reproduction's folder holds so far: the rows, journals and step costs of its tables.
results::Inputs read_reproduction(const std::filesystem::path& directory);

// The report on it, with what the plan says is missing and what is to be known of its numbers.
results::Reproduction reproduction_report(const ReproductionRequest& request, const ReproductionPlan& plan);

// Makes the tables of the plan one after the other under request.output: TABLE/ (a run directory), base/ (base models that had
// to be trained), step-cost/. After each table cells.csv (the rows of all), report.md and report.json are written anew. Where
// `resume`, what is there is gone on with. A table that cannot be made joins plan.missing. Throws as run_experiment() and
// pretrain(), and Interrupted.
ReproductionOutcome reproduce(const ReproductionRequest& request, ReproductionPlan& plan, bool resume,
                              const std::vector<std::string>& command_line, const Board& board, Console& console,
                              const std::atomic<bool>& stop);

}  // namespace tbft
