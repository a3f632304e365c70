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

#include "harness/console.h"
#include "harness/journal.h"
#include "harness/plan.h"
#include "harness/settings.h"
#include "harness/target_data.h"
#include "harness/trainer.h"

namespace tbft {

class CellSettings {
 public:
  // `effective` settings. All arguments outlive this.
  CellSettings(const Settings& effective, Trainer& trainer, const TargetData& data, Journal& journal, Console& console,
               const std::atomic<bool>& stop)
      : settings_(effective), trainer_(trainer), data_(data), journal_(journal), console_(console), stop_(stop) {}

  // Searches what is not known yet; each outcome is in the journal, where a resumed run finds it. Throws Interrupted, and
  // std::runtime_error where a search finds nothing: at every cell that needs it, without searching again.
  TrainSettings of(const Cell& cell);
  // Of a discarded run of `full`: nothing is searched for it.
  TrainSettings warm_up(const Cell& cell) const { return with(cell, settings_.lr_of("full"), std::nullopt); }
  // Searches made so far: they heat the board.
  std::int64_t searches() const { return searches_; }

 private:
  TrainSettings with(const Cell& cell, double lr, const std::optional<BlockNoise>& noise) const;
  double lr_of(const Cell& cell);
  std::optional<BlockNoise> noise_of(const Cell& cell);
  double searched(const std::string& name, const char* what, const std::function<nlohmann::json()>& search);

  const Settings& settings_;
  Trainer& trainer_;
  const TargetData& data_;
  Journal& journal_;
  Console& console_;
  const std::atomic<bool>& stop_;
  std::map<std::string, double> found_;
  std::map<std::string, std::string> failed_;  // searches that found nothing, with the reason
  std::int64_t searches_ = 0;
};

}  // namespace tbft
