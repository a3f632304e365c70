// Rows for the tests of results/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/published/published.h"
#include "results/schema.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft::results::test {

// A cell of the synthetic set under input drift, 10 % of the data, measured on one board meter.
inline CellRow row(const std::string& strategy, std::int64_t repetition, double accuracy_pct, double train_net_J) {
  CellRow row;
  row.cell_id = strategy + std::to_string(repetition);
  row.dataset = "synthetic";
  row.drift = "input";
  row.train_size = 0.1;
  row.strategy = strategy;
  row.repetition = repetition;
  row.status = "ok";
  row.accuracy_pct = accuracy_pct;
  row.train_net_J = train_net_J;
  row.train_gross_J = 2 * train_net_J;
  row.gross_J = 3 * train_net_J;
  row.meter = "ina219:///dev/i2c-1";
  row.meter_scope = "board";
  row.measured = 1;
  return row;
}

// The accuracies of one of the paper's tables as cells of this data set: one repetition, joules as the table of system cost has
// them.
inline std::vector<CellRow> published_cells(const std::string& table, const std::string& dataset, const std::string& drift) {
  std::vector<CellRow> rows;
  for (const Published& p : published()) {
    if (p.table != table || p.metric != "accuracy_pct" || p.strategy == "block-avg") continue;
    const std::string network = table == "living17" ? "128px-17out" : "32px-10out";
    rows.push_back(row(p.strategy, 0, p.value, find_published("system-cost", network, p.strategy, "energy_J")->value));
    rows.back().dataset = dataset;
    rows.back().drift = drift;
    const bool noise = table == "block-noise";
    rows.back().condition = noise ? "noise-" + p.condition.substr(p.condition.find('@') + 1) : "";
    rows.back().train_size = noise ? 0.1 : std::stod(p.condition) / 100;
  }
  return rows;
}

using tbft::test::content;
using tbft::test::TemporaryFolder;
using tbft::test::write_file;

}  // namespace tbft::results::test
