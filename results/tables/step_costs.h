// What a training step costs beside the paper's table of system cost: one table a run, network and variant.
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
  double J = unknown, U_J = unknown;  // net of idle where all lines have them so, else gross
  double saving_time_pct = unknown;   // against full
  Interval saving_time_interval;
  double saving_J_pct = unknown;
  double saving_macs_pct = unknown;
  double peak_rss_MiB = unknown;
  double paper_view_J = unknown;
};

// What the savings of a table are of. Joules that were not measured are no better than the time: then it is the time.
enum class StepBasis { time, gross, net };
std::string_view to_string(StepBasis basis);

struct StepCostTable {
  StepCostRow first;                  // what all lines share: run, board, network, variant, meter, threads, backend, layout
  std::string network;                // 32px-10out, as the paper's table names its columns
  bool net = false;                   // the joules of the lines: net of idle, else gross
  bool measured = false;              // all joules
  StepBasis basis = StepBasis::time;  // of saving(): net or gross where measured for full and all four blocks
  std::map<std::string, StepCostLine, StrategyOrder> lines;  // block-avg derived where all four blocks are there
};
// Of several rows of one run, network, variant and strategy the last counts.
std::vector<StepCostTable> step_cost_tables(std::span<const StepCostRow> rows);

// Percent of the table's basis; unknown where the strategy has none.
double saving(const StepCostTable& table, const std::string& strategy);
// Of the paper; unknown where it has no such network or strategy.
double published_step(std::string_view network, std::string_view strategy, std::string_view metric);

Section section_of(const StepCostTable& table);

}  // namespace tbft::results
