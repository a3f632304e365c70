// The cost of one training step of one image by strategy, in time and joules: the paper's energy table.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/host/board.h"
#include "harness/host/console.h"
#include "results/step_cost_csv.h"

namespace tbft {

struct StepCostNetwork {
  int pixels = 32, classes = 10;
};

struct StepCostRequest {
  std::filesystem::path directory;  // step_cost.csv, operations.csv, step_cost.json, a trace a network
  std::vector<StepCostNetwork> networks{{32, 10}, {128, 17}};
  std::vector<std::string> strategies{"none", "bn-stats", "block1", "block2", "block3", "fc"};  // and full, always
  bool quirk = true;                                                                            // also published-quirk
  double precision = 0.02;  // width of the 95 % interval of every mean step time, as a part of it
  double max_s = 300;       // a network's rounds take no longer
  double window_s = 0;      // of one strategy in one round; 0: half a second, and 20 periods of the meter
  std::string meter = "auto";
  double interval_s = 0;     // 0: the meter's own
  double idle_s = -1;        // -1: 5 s, none for an estimate or a replay
  std::int64_t threads = 0;  // 0: every core
  std::string backend = "auto", layout = "channels_last";
  std::uint64_t seed = 0;
};

struct StepCostOutcome {
  std::vector<results::StepCostRow> rows;
  std::vector<results::OperationRow> operations;
  std::size_t reused = 0;     // networks that step_cost.csv held already
  std::size_t imprecise = 0;  // networks whose time was over before the intervals were narrow enough
};

// Measures, in rounds, networks of random weights that `directory` does not hold yet, and writes the files anew after each.
// Throws UsageError (unknown strategy, sizes that no network has), RunDirectoryError (measured with other settings),
// power::BadMeterUri, power::MeterUnavailable, Interrupted (whole networks are on disk), std::system_error.
StepCostOutcome measure_step_cost(const StepCostRequest& request, const Board& board, Console& console,
                                  const std::atomic<bool>& stop);

}  // namespace tbft
