// Determines how each cell of a run is trained: the experiment's settings, completed by searches that several cells share
// (noise on the base model, learning rate).
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
#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"
#include "harness/host/console.h"
#include "harness/sweep/target_data.h"
#include "harness/training/trainer.h"

namespace tbft {

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

}  // namespace tbft
