// What a run stands on, measured or not: plan, base model, images, and the run directory with its journal.
#pragma once

#include <atomic>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/experiment/journal.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/row.h"
#include "harness/experiment/run_directory.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/sweep/cell_settings.h"
#include "harness/sweep/runner.h"
#include "harness/sweep/target_data.h"
#include "harness/training/trainer.h"

namespace tbft {

struct RunSetup {
  // Everything that may be wrong is read before anything is written. `effective` settings as run.json keeps them, `facts` what
  // else it says (of the meter), `record` is told each search. Throws as run_experiment().
  RunSetup(const RunRequest& request, const Settings& effective, const nlohmann::json& facts, const Board& board,
           Console& console, const std::atomic<bool>& stop, std::function<void(const SearchOutcome&)> record);

  const Board& board;
  Console& console;
  const std::atomic<bool>& stop;
  Settings settings;  // effective
  Identity identity;
  std::vector<Cell> plan;
  std::vector<Cell> selected;  // that this execution is asked for
  Trainer trainer;
  TargetData data;  // of the selected cells
  CellSettings cell_settings;
  RunDirectory directory;
  std::string run_id;
  Journal journal;

  // Of the selected cells, those without a row that says ok; their number besides goes to `outcome`.
  std::vector<const Cell*> todo(RunOutcome& outcome) const;
  RowContext facts() const { return {run_id, &settings, &board, identity.config_hash}; }
};

}  // namespace tbft
