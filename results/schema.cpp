#include "results/schema.h"

#include <array>

namespace tbft::results {

namespace {

// Name and member are one token, so that they cannot differ.
// clang-format off
#define TBFT_COLUMN(field) Column{#field, &CellRow::field}
#define TBFT_LATER_COLUMN(field) Column{#field, &CellRow::field, true}
const std::array table{
    TBFT_COLUMN(schema),
    TBFT_COLUMN(run_id),
    TBFT_COLUMN(cell_id),
    TBFT_COLUMN(started_utc),
    TBFT_COLUMN(host),
    TBFT_COLUMN(board),
    TBFT_COLUMN(experiment),
    TBFT_COLUMN(protocol),
    TBFT_COLUMN(dataset),
    TBFT_COLUMN(drift),
    TBFT_COLUMN(condition),
    TBFT_COLUMN(train_size),
    TBFT_COLUMN(strategy),
    TBFT_COLUMN(blocks),
    TBFT_COLUMN(repetition),
    TBFT_COLUMN(seed),
    TBFT_COLUMN(status),
    TBFT_COLUMN(reason),
    TBFT_COLUMN(accuracy_pct),
    TBFT_COLUMN(val_loss),
    TBFT_COLUMN(epochs),
    TBFT_COLUMN(steps),
    TBFT_COLUMN(samples_seen),
    TBFT_COLUMN(trainable_params),
    TBFT_COLUMN(macs_train),
    TBFT_COLUMN(duration_s),
    TBFT_COLUMN(train_s),
    TBFT_COLUMN(gross_J),
    TBFT_COLUMN(U_gross_J),
    TBFT_COLUMN(U_random_gross_J),
    TBFT_COLUMN(idle_W),
    TBFT_COLUMN(net_J),
    TBFT_COLUMN(U_net_J),
    TBFT_COLUMN(U_random_net_J),
    TBFT_COLUMN(train_gross_J),
    TBFT_COLUMN(train_net_J),
    TBFT_COLUMN(U_train_net_J),
    TBFT_COLUMN(U_random_train_net_J),
    TBFT_COLUMN(u_rel_gain),
    TBFT_COLUMN(mean_W),
    TBFT_COLUMN(max_W),
    TBFT_COLUMN(meter),
    TBFT_COLUMN(meter_scope),
    TBFT_COLUMN(measured),
    TBFT_COLUMN(samples),
    TBFT_COLUMN(distinct_hz),
    TBFT_COLUMN(longest_gap_s),
    TBFT_COLUMN(coverage_pct),
    TBFT_COLUMN(sampler_cpu_s),
    TBFT_COLUMN(peak_rss_MiB),
    TBFT_COLUMN(saved_act_MiB),
    TBFT_COLUMN(threads),
    TBFT_COLUMN(backend),
    TBFT_COLUMN(layout),
    TBFT_COLUMN(bn_mode),
    TBFT_COLUMN(lr),
    TBFT_COLUMN(n_test),
    TBFT_COLUMN(correct),
    TBFT_COLUMN(order_index),
    TBFT_COLUMN(cpu_governor),
    TBFT_COLUMN(temp_start_C),
    TBFT_COLUMN(temp_end_C),
    TBFT_COLUMN(throttled),
    TBFT_COLUMN(tool_version),
    TBFT_COLUMN(config_hash),
    TBFT_COLUMN(idle_drift_W),
    TBFT_LATER_COLUMN(other_cpu_pct),
};
#undef TBFT_COLUMN
#undef TBFT_LATER_COLUMN
// clang-format on

}  // namespace

bool is_contended(const CellRow& row) {
  return row.other_cpu_pct.value_or(0) > contended_pct;
}

void leave_out_contended(std::span<CellRow> rows) {
  for (CellRow& row : rows) {
    if (!is_contended(row)) continue;
    for (CellRow::Number CellRow::*member : {&CellRow::train_s, &CellRow::train_gross_J, &CellRow::train_net_J,
                                             &CellRow::U_train_net_J, &CellRow::U_random_train_net_J})
      (row.*member).reset();
  }
}

std::span<const Column> columns() {
  return table;
}

}  // namespace tbft::results
