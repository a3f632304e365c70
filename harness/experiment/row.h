// Converts the measurements of a cell to its row of cells.csv.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"
#include "harness/host/board.h"
#include "harness/host/processor_use.h"
#include "harness/measurement/measurement_session.h"
#include "harness/training/trainer.h"
#include "results/schema.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"
#include "tbft/power/plausible.h"

namespace tbft {

// What may have disturbed a cell, read before and after it.
struct BoardState {
  std::optional<double> temperature_C;
  std::optional<std::uint32_t> throttled_bits;
  std::optional<ProcessorTimes> processors;
  static BoardState of(const Board& board) { return {board.temperature_C(), board.throttled_bits(), board.processor_times()}; }
};

struct CellMeasurement {
  Cell cell;
  std::string started_utc;
  BoardState before, after;
  std::optional<TrainResult> result;  // empty: the cell failed
  std::string failure;
  double duration_s = 0, train_s = 0;  // steady clock
  double sampler_cpu_s = 0;
  std::optional<double> peak_rss_MiB;
  double lr = 0;                 // the learning rate of its training; 0: unknown
  std::vector<double> seen_kHz;  // frequencies of the processors while it ran
};

struct CellEnergy : MeasuredWindow {
  std::optional<power::Energy> train;  // empty: nothing was trained
  std::optional<power::Energy> test;   // empty: it did not come to a test
};

// Judges the joules of the whole cell, given the state of the board and its processors during it.
WindowResult result_of(const CellMeasurement& measurement, const CellEnergy& energy, const power::MeterInfo& meter);

struct RowContext {
  std::string run_id;
  const Settings* settings = nullptr;  // effective
  const Board* board = nullptr;
  std::string config_hash;
  std::string network;  // displayed name
};

// Status `failed` if training failed. Status `invalid` if the energy is invalid (no reading, a gap, a throttled board, a meter
// whose value does not change, negative joules): joule columns are then empty, and the accuracy counts. If only the training
// windows are invalid, only their columns are empty and `reason` states why.
results::CellRow make_row(const CellMeasurement& measurement, const CellEnergy& energy, const power::MeterInfo& meter,
                          const RowContext& run);
// The row of a cell that shared the machine with others: only its accuracy. Meter, energy and times stay empty; `ok` or
// `failed`.
results::CellRow make_row(const CellMeasurement& measurement, const RowContext& run);

}  // namespace tbft
