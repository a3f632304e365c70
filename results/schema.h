// The row of cells.csv (schema 1): one cell of a run. One table of columns serves the CSV, JSON and the reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "results/csv_table.h"

namespace tbft::results {

inline constexpr std::int64_t schema_version = 1;

// One (data set, condition, training size, strategy, repetition). Empty = unknown; never 0 in its place.
struct CellRow {
  using Text = std::string;
  using Number = std::optional<double>;
  using Count = std::optional<std::int64_t>;

  Count schema = schema_version;
  Text run_id, cell_id, started_utc, host, board, experiment, protocol, dataset, drift, condition;
  Number train_size;  // fraction of all n
  Text strategy, blocks;
  Count repetition, seed;
  Text status, reason;  // ok | failed | invalid (invalid concerns energy only: accuracy stays)
  Number accuracy_pct, val_loss;
  Count epochs, steps, samples_seen, trainable_params;
  Number macs_train;
  Number duration_s, train_s;
  Number gross_J, U_gross_J, U_random_gross_J;
  Number idle_W, net_J, U_net_J, U_random_net_J;
  Number train_gross_J, train_net_J, U_train_net_J, U_random_train_net_J;
  Number u_rel_gain;  // standard, relative; common to all readings of one meter
  Number mean_W, max_W;
  Text meter, meter_scope;
  Count measured;  // 1 measured, 0 estimate or replay
  Count samples;
  Number distinct_hz, longest_gap_s, coverage_pct, sampler_cpu_s;
  Number peak_rss_MiB, saved_act_MiB;
  Count threads;
  Text backend, layout, bn_mode;
  Number lr;
  Count n_test, correct, order_index;
  Text cpu_governor;
  Number temp_start_C, temp_end_C;
  Count throttled;
  Text tool_version, config_hash;
  Number idle_drift_W;  // idle after the window less idle before it
  // Share of the processors that other programs took while the cell ran. From contended_pct on its joules and times of training
  // are not its own.
  Number other_cpu_pct;
};

inline constexpr double contended_pct = 30;
bool is_contended(const CellRow& row);
// Empties the joules and times of training of contended rows, so that nothing is formed from them.
void leave_out_contended(std::span<CellRow> rows);

using Column = CsvColumn<CellRow>;

// In the order of the file. Every column is always present.
std::span<const Column> columns();

// Which column of the row holds a value that no cell can have, and why: a percentage above 100, a status that does not exist, a
// measured cell that is ok without joules. Empty where there is none. A cell that ran under --jobs has no meter and no joules.
std::string validation_error(const CellRow& row);

}  // namespace tbft::results
