// The basis of a run, measured or not: plan, base model, images, and the run directory with its journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/adaptive/diagnosed.h"
#include "harness/experiment/journal.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/row.h"
#include "harness/experiment/run_directory.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/sweep/runner.h"
#include "harness/sweep/target_data.h"
#include "harness/training/trainer.h"

namespace tbft {

// Determines how each cell of a run is trained: the experiment's settings, completed by searches that several cells share
// (noise on the base model, learning rate).
struct SearchOutcome {
  std::string name;
  std::string json;     // the result as one JSON value
  std::string failure;  // or the reason why there is none
};

class CellSettings {
 public:
  // Takes `effective` settings. Calls `record` with the outcome of each search made here. All other arguments must outlive this
  // object. Throws UsageError if model.reference was not made with the checkpoint of this hash.
  CellSettings(const Settings& effective, const std::string& checkpoint_sha256, Trainer& trainer, const TargetData& data,
               Console& console, const std::atomic<bool>& stop, std::function<void(const SearchOutcome&)> record);

  // Adopts the outcome of an earlier search, or of one in another process.
  void learn(const SearchOutcome& outcome);
  // Returns the cell's settings, after searching what is not known yet. Throws Interrupted, and std::runtime_error if a search
  // found nothing; it then throws for every cell that needs the search, without repeating it.
  TrainSettings of(const Cell& cell);
  // The names of the searches that the cell needs, whether or not their outcomes are known.
  std::vector<std::string> searches_of(const Cell& cell) const;
  // Settings for a discarded run of `full`, without searches.
  TrainSettings warm_up(const Cell& cell) const { return with(cell, settings_.lr_of("full"), std::nullopt); }
  // The number of searches made so far; they heat the board.
  std::int64_t searches() const { return searches_; }

 private:
  TrainSettings with(const Cell& cell, double lr, const std::optional<BlockNoise>& noise) const;
  double lr_of(const Cell& cell);
  std::optional<BlockNoise> noise_of(const Cell& cell);
  bool noise_is_searched(const Cell& cell) const;
  bool lr_is_searched(const Cell& cell) const;
  std::string lr_search_name(const Cell& cell) const;
  double searched(const std::string& name, const char* what, const std::function<nlohmann::json()>& search);

  const Settings& settings_;
  Trainer& trainer_;
  const TargetData& data_;
  Console& console_;
  const std::atomic<bool>& stop_;
  std::function<void(const SearchOutcome&)> record_;
  TrainSettings::Run diagnosed_;
  std::map<std::string, std::string> found_;   // JSON by name
  std::map<std::string, std::string> failed_;  // failed searches, with the reason
  std::int64_t searches_ = 0;
};

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
  RowContext facts() const { return {run_id, &settings, &board, identity.config_hash, trainer.network().title}; }
};

}  // namespace tbft
