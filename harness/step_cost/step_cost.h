// The cost of one training step on one image by strategy, in time and joules: the paper's energy table.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/host/board.h"
#include "harness/host/console.h"
#include "harness/measurement/run_meter.h"
#include "models/architecture.h"
#include "models/network_file.h"
#include "results/step_cost_csv.h"

namespace tbft {

struct StepCostRequest {
  std::filesystem::path directory;  // for step_cost.csv, operations.csv, step_cost.json, and a trace for each network
  std::vector<models::NetworkSpec> networks{{}, {.classes = 17, .pixels = 128}};  // of one family, depth, width and variant
  std::optional<models::NetworkFile> file{};  // the network to measure, instead of those with random weights
  std::vector<std::string> strategies{};      // full is always added; empty: none, bn-stats and each block
  bool quirk = true;                          // whether published-quirk is measured too
  double precision = 0.02;  // maximal width of the 95 % interval of each mean step time, as a fraction of the mean
  double max_s = 300;       // limit for the rounds of one network
  double window_s = 0;      // for one strategy in one round; 0: the longer of 0.5 s and 20 periods of the meter
  MeterChoice meter;
  double interval_s = 0;     // 0: the meter's default
  double idle_s = -1;        // -1: 5 s, or 0 for an estimate or a replay
  std::int64_t threads = 0;  // 0: all cores
  std::string backend = "auto", layout = "channels_last";
  std::uint64_t seed = 0;
};

struct StepCostOutcome {
  std::string title;  // of the networks, such as "ResNet-26"
  std::vector<results::StepCostRow> rows;
  std::vector<results::OperationRow> operations;
  std::size_t reused = 0;     // networks that were already in step_cost.csv
  std::size_t imprecise = 0;  // networks whose time limit ended before the intervals were narrow enough
};

// Measures, in rounds, networks with random weights that `directory` does not contain yet, and rewrites the files after each.
// Throws UsageError (unknown strategy, unsupported size), RunDirectoryError (measured with other settings, or begun on another
// machine), power::BadMeterUri, power::MeterUnavailable, models::CheckpointError, Interrupted (complete networks are on disk),
// std::system_error.
StepCostOutcome measure_step_cost(const StepCostRequest& request, const Board& board, Console& console,
                                  const std::atomic<bool>& stop);

// The settings that must be equal if two measurements share a directory. The networks may differ, because each has its own
// rows.
nlohmann::json settings_json(const StepCostRequest& request);

// Reads the rows of an earlier measurement with the same settings; a new directory has none. Throws RunDirectoryError for a
// directory measured with other settings, or one that this program did not write.
StepCostOutcome read_earlier(const std::filesystem::path& directory, const nlohmann::json& settings);
// Throws RunDirectoryError if another board, processor, libtorch or BLAS measured the rows of this directory. `now`: what its
// step_cost.json would say here.
void check_machine(const std::filesystem::path& directory, const nlohmann::json& now);

}  // namespace tbft
