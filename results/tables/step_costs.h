// Compares the cost of a training step with the paper's system-cost table: one table for each run, network and variant.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/statistics.h"
#include "results/step_cost_csv.h"
#include "results/tables/group.h"
#include "results/tables/section.h"

namespace tbft::results {

struct StepCostLine {
  double step_s = unknown;
  Interval step_s_interval;
  double J = unknown, U_J = unknown;  // net of idle if all lines have net joules, otherwise gross
  double saving_time_pct = unknown;   // against full
  Interval saving_time_interval;
  double saving_J_pct = unknown;
  double saving_macs_pct = unknown;
  double peak_rss_MiB = unknown;
  double paper_view_J = unknown;
};

// The quantity behind a table's savings. Joules that were not measured are no better than time, so then it is time.
enum class StepBasis { time, gross, net };
std::string_view to_string(StepBasis basis);

struct StepCostTable {
  StepCostRow first;      // has the values that all lines share: run, board, network, variant, meter, threads, backend, layout
  std::string size;       // 32px-10out, as in the paper's table
  bool net = false;       // whether the joules of the lines are net of idle
  bool measured = false;  // whether all joules were measured
  StepBasis basis = StepBasis::time;  // of saving(): net or gross if they were measured for full and all four blocks
  std::map<std::string, StepCostLine, StrategyOrder> lines;  // block-avg is derived if all four blocks are present
};
// If a run, network, variant and strategy has several rows, the last counts.
std::vector<StepCostTable> step_cost_tables(std::span<const StepCostRow> rows);

// The saving in percent on the table's basis; unknown where the strategy has none.
double saving(const StepCostTable& table, const std::string& strategy);
// The paper's number; unknown where it does not have the network, size or strategy.
double published_step(const StepCostTable& table, std::string_view strategy, std::string_view metric);

Section section_of(const StepCostTable& table);

}  // namespace tbft::results
