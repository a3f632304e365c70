// Computes the rows of step_cost.csv and operations.csv from the rounds of a network.
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

// The measurements of one candidate; the vectors have one entry for each round.
struct ContenderRounds {
  Contender contender;
  std::int64_t steps = 0;  // in a window
  std::optional<double> peak_rss_MiB = std::nullopt;
  std::vector<double> seconds{};             // per step
  std::vector<power::Energy> energies{};     // of the window
  std::vector<OperationTimes> operations{};  // per step
};

struct StepCostFacts {
  std::string run_id, started_utc;
  models::Architecture network;
  Compute compute;
  std::string layout;
  const Board* board = nullptr;
  power::MeterInfo meter;
  power::Energy idle_before{}, idle_after{};  // invalid: not measured; net joules are then unknown
};

// One row for each candidate; one of them must be `full`. Joules come from the rounds whose window the meter covered
// completely; savings are computed round by round.
std::vector<results::StepCostRow> step_cost_rows(std::span<const ContenderRounds> all, const StepCostFacts& facts);
// One row for each candidate and operation: means over rounds.
std::vector<results::OperationRow> operation_rows(std::span<const ContenderRounds> all, const models::NetworkSpec& spec);

// The saving of a row's strategy against `full`, summed over operations, in percent; NaN if operations were not recorded.
double operations_saving_pct(std::span<const results::OperationRow> operations, const results::StepCostRow& row);

}  // namespace tbft
