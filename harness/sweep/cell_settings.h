// How each cell of a run is trained: the experiment's settings, completed by what is searched once for several cells (the
// noise on the base model, the learning rate).
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
  std::string json;     // what was found: one JSON value
  std::string failure;  // or why nothing was
};

class CellSettings {
 public:
  // `effective` settings; `record` is told the outcome of each search made here. All other arguments outlive this. Throws
  // UsageError where model.reference is not one of the checkpoint of this hash.
  CellSettings(const Settings& effective, const std::string& checkpoint_sha256, Trainer& trainer, const TargetData& data,
               Console& console, const std::atomic<bool>& stop, std::function<void(const SearchOutcome&)> record);

  // An outcome of before, or of another process.
  void learn(const SearchOutcome& outcome);
  // Searches what is not known yet. Throws Interrupted, and std::runtime_error where a search finds nothing: at every cell that
  // needs it, without searching again.
  TrainSettings of(const Cell& cell);
  // Names of the searches whose outcome the cell needs, known or not.
  std::vector<std::string> searches_of(const Cell& cell) const;
  // Of a discarded run of `full`: nothing is searched for it.
  TrainSettings warm_up(const Cell& cell) const { return with(cell, settings_.lr_of("full"), std::nullopt); }
  // Searches made so far: they heat the board.
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
  std::map<std::string, std::string> failed_;  // searches that found nothing, with the reason
  std::int64_t searches_ = 0;
};

}  // namespace tbft
