// From the rounds of a network to its rows of step_cost.csv and operations.csv.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/host/board.h"
#include "harness/step_cost/contender.h"
#include "harness/step_cost/step_operation.h"
#include "harness/training/compute.h"
#include "models/architecture.h"
#include "results/step_cost_csv.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"

namespace tbft {

// What the rounds gave of one contender; the vectors have one entry a round.
struct ContenderRounds {
  Contender contender;
  std::int64_t steps = 0;  // of a window
  std::optional<double> peak_rss_MiB = std::nullopt;
  std::vector<double> seconds{};             // of a step
  std::vector<power::Energy> energies{};     // of the window
  std::vector<OperationTimes> operations{};  // of a step
};

struct StepCostFacts {
  std::string run_id, started_utc;
  models::Architecture network;
  Compute compute;
  std::string layout;
  const Board* board = nullptr;
  power::MeterInfo meter;
  power::Energy idle_before{}, idle_after{};  // invalid: not measured, net is unknown
};

// One row a contender; one of them is `full`. Joules are those of the rounds whose window the meter saw whole; savings are
// taken round by round.
std::vector<results::StepCostRow> step_cost_rows(std::span<const ContenderRounds> all, const StepCostFacts& facts);
// One row a contender and operation: means over rounds.
std::vector<results::OperationRow> operation_rows(std::span<const ContenderRounds> all, const models::NetworkSpec& spec);

// What the operations of a row's strategy save against those of `full`, in percent; NaN where they were not recorded.
double operations_saving_pct(std::span<const results::OperationRow> operations, const results::StepCostRow& row);

}  // namespace tbft
