#include "results/schema.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "results/text.h"

namespace tbft::results {

namespace {

// The macro makes name and member from one token, so that they cannot differ.
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

// Limits of columns. Energies, powers and temperatures may be negative and are not listed.
struct Limits {
  std::string_view column;
  double high;
};
constexpr double rounded = 1e-9;  // tolerance for sums of rounded parts
constexpr std::array limited{Limits{"train_size", 1}, Limits{"accuracy_pct", 100}, Limits{"coverage_pct", 100 + rounded},
                             Limits{"measured", 1}, Limits{"throttled", 1}};
constexpr std::array<std::string_view, 25> never_negative{"repetition",
                                                          "epochs",
                                                          "steps",
                                                          "samples_seen",
                                                          "trainable_params",
                                                          "macs_train",
                                                          "duration_s",
                                                          "train_s",
                                                          "U_gross_J",
                                                          "U_random_gross_J",
                                                          "U_net_J",
                                                          "U_random_net_J",
                                                          "U_train_net_J",
                                                          "U_random_train_net_J",
                                                          "u_rel_gain",
                                                          "samples",
                                                          "distinct_hz",
                                                          "longest_gap_s",
                                                          "sampler_cpu_s",
                                                          "peak_rss_MiB",
                                                          "saved_act_MiB",
                                                          "threads",
                                                          "lr",
                                                          "n_test",
                                                          "correct"};

const Column& find_column(std::string_view name) {
  for (const Column& column : table)
    if (column.name == name) return column;
  throw std::logic_error("results: limits of a column that does not exist");
}

std::optional<double> number_of(const CellRow& row, const Column& column) {
  if (const auto* number = std::get_if<CellRow::Number CellRow::*>(&column.member)) return row.*(*number);
  const auto& count = row.*std::get<CellRow::Count CellRow::*>(column.member);
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

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

std::string validation_error(const CellRow& row) {
  for (const auto& [column, high] : limited) {
    const auto value = number_of(row, find_column(column));
    if (value && !(*value >= 0 && *value <= high))
      return fmt::format("column {}: {} is not within 0 to {:.6g}", column, *value, high);
  }
  for (const auto column : never_negative) {
    const auto value = number_of(row, find_column(column));
    if (value && *value < 0) return fmt::format("column {}: {} is below 0", column, *value);
  }
  if (!row.status.empty() && row.status != "ok" && row.status != "failed" && row.status != "invalid")
    return fmt::format("column status: '{}' is none of ok, failed, invalid", printable(row.status, 40));
  if (row.n_test && row.correct && *row.correct > *row.n_test)
    return fmt::format("column correct: {} of {} test images", *row.correct, *row.n_test);
  // The percentage may be rounded, but must otherwise agree.
  constexpr double rounding_pct = 0.06;
  if (row.accuracy_pct && row.n_test && row.correct && *row.n_test > 0) {
    const double pct = 100.0 * static_cast<double>(*row.correct) / static_cast<double>(*row.n_test);
    if (std::abs(*row.accuracy_pct - pct) > rounding_pct)
      return fmt::format("column accuracy_pct: {}, but {} of {} test images are {:.6g} %", *row.accuracy_pct, *row.correct,
                         *row.n_test, pct);
  }
  if (row.status == "ok" && (!row.meter.empty() || row.measured == 1) && !row.gross_J)
    return "column gross_J: empty, but the cell has a meter and its status is ok; a cell without valid joules is 'invalid'";
  return "";
}

std::span<const Column> columns() {
  return table;
}

}  // namespace tbft::results
