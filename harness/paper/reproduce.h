// `tbft reproduce` makes every table of the paper that the data allow, each in its own run directory, and one report.
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
  std::int64_t not_made = 0;                                // tables skipped because data or base model cannot be read
};

// The longest time that the rounds of the table step-cost take, of both networks, in seconds.
double most_step_cost_s(bool quick);

// Reads what a reproduction's folder holds so far: rows, journals and step costs of its tables. Unless `keep_contended`,
// empties the joules and times of training of contended cells.
results::Inputs read_reproduction(const std::filesystem::path& directory, bool keep_contended = false);

// The report, with the plan's list of missing data and notes on the numbers.
results::Reproduction reproduction_report(const ReproductionRequest& request, const ReproductionPlan& plan);

// Makes the tables of the plan one after the other under request.output: TABLE/ (a run directory), base/ (base models that had
// to be trained), step-cost/. After each table cells.csv (the rows of all), report.md and report.json are written anew. With
// `resume` it continues what is there. A table that cannot be made is added to plan.missing. Throws as run_experiment() and
// pretrain(), and Interrupted.
ReproductionOutcome reproduce(const ReproductionRequest& request, ReproductionPlan& plan, bool resume,
                              const std::vector<std::string>& command_line, const Board& board, Console& console,
                              const std::atomic<bool>& stop);

}  // namespace tbft
