// The basis of a run, measured or not: plan, base model, images, and the run directory with its journal.
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
  // Reads everything that may be wrong before anything is written. Takes `effective` settings for run.json, and `facts` for its
  // other entries (the meter). Calls `record` for each search. Throws like run_experiment().
  RunSetup(const RunRequest& request, const Settings& effective, const nlohmann::json& facts, const Board& board,
           Console& console, const std::atomic<bool>& stop, std::function<void(const SearchOutcome&)> record);

  const Board& board;
  Console& console;
  const std::atomic<bool>& stop;
  Settings settings;  // effective
  Identity identity;
  std::vector<Cell> plan;
  std::vector<Cell> selected;  // cells that this execution shall run
  Trainer trainer;
  TargetData data;  // of the selected cells
  CellSettings cell_settings;
  RunDirectory directory;
  std::string run_id;
  Journal journal;

  // The selected cells without a row of status ok. The number of the others is added to `outcome`.
  std::vector<const Cell*> todo(RunOutcome& outcome) const;
  RowContext facts() const { return {run_id, &settings, &board, identity.config_hash}; }
};

}  // namespace tbft
