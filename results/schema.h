// The row of cells.csv (schema 1): one cell of a run. One table of columns serves CSV, JSON and reports.
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
  // Percentage of the processors that other programs used while the cell ran. Above contended_pct its training joules and times
  // include too much foreign work.
  Number other_cpu_pct;
  Text network;  // displayed name, such as "ResNet-26"
  Text point;    // on the sweep's further axes: "threads=2 batch=16"; empty without
  Count batch;
  Number cpu_min_kHz, cpu_mean_kHz;  // seen while the cell ran
  Number test_net_J, U_test_net_J, infer_J_per_image, edp_Js;
};

inline constexpr double contended_pct = 30;
bool is_contended(const CellRow& row);
// Empties the training joules and times of contended rows, so that no saving is formed from them.
void leave_out_contended(std::span<CellRow> rows);
// Rows of earlier versions do not say which network they used. Where later rows of the same run do, and agree, takes it over.
void complete_networks(std::span<CellRow> rows);

using Column = CsvColumn<CellRow>;

// The columns in the order of the file. Every column is always present.
std::span<const Column> columns();

// Those of meters.csv: what names the cell, and its energy by a further meter.
std::span<const Column> meter_columns();

// Names a column whose value no cell can have, and the reason: a percentage above 100, an unknown status, a measured cell that
// is ok without joules. Empty for a valid row. A cell that ran under --jobs has no meter and no joules.
std::string validation_error(const CellRow& row);

}  // namespace tbft::results
