#include "results/schema.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "results/text.h"

namespace tbft::results {

namespace {

// Makes name and member from one token, so that they cannot differ.
#define COLUMN(field)       \
  Column {                  \
#field, &CellRow::field \
  }
const auto table = make_columns(
    COLUMN(schema), COLUMN(run_id), COLUMN(cell_id), COLUMN(started_utc), COLUMN(host), COLUMN(board), COLUMN(experiment),
    COLUMN(protocol), COLUMN(dataset), COLUMN(drift), COLUMN(condition), COLUMN(train_size), COLUMN(strategy), COLUMN(blocks),
    COLUMN(repetition), COLUMN(seed), COLUMN(status), COLUMN(reason), COLUMN(accuracy_pct), COLUMN(val_loss), COLUMN(epochs),
    COLUMN(steps), COLUMN(samples_seen), COLUMN(trainable_params), COLUMN(macs_train), COLUMN(duration_s), COLUMN(train_s),
    COLUMN(gross_J), COLUMN(U_gross_J), COLUMN(U_random_gross_J), COLUMN(idle_W), COLUMN(net_J), COLUMN(U_net_J),
    COLUMN(U_random_net_J), COLUMN(train_gross_J), COLUMN(train_net_J), COLUMN(U_train_net_J), COLUMN(U_random_train_net_J),
    COLUMN(u_rel_gain), COLUMN(mean_W), COLUMN(max_W), COLUMN(meter), COLUMN(meter_scope), COLUMN(measured), COLUMN(samples),
    COLUMN(distinct_hz), COLUMN(longest_gap_s), COLUMN(coverage_pct), COLUMN(sampler_cpu_s), COLUMN(peak_rss_MiB),
    COLUMN(saved_act_MiB), COLUMN(threads), COLUMN(backend), COLUMN(layout), COLUMN(bn_mode), COLUMN(lr), COLUMN(n_test),
    COLUMN(correct), COLUMN(order_index), COLUMN(cpu_governor), COLUMN(temp_start_C), COLUMN(temp_end_C), COLUMN(throttled),
    COLUMN(tool_version), COLUMN(config_hash), COLUMN(idle_drift_W), Column{"other_cpu_pct", &CellRow::other_cpu_pct, true},
    Column{"network", &CellRow::network, true});

// Limits of columns. Energies, powers and temperatures may be negative and are not listed.
struct Limits {
  Column column;
  double high;
};
constexpr double rounded = 1e-9;  // tolerance for sums of rounded parts
const std::array limited{Limits{COLUMN(train_size), 1}, Limits{COLUMN(accuracy_pct), 100},
                         Limits{COLUMN(coverage_pct), 100 + rounded}, Limits{COLUMN(measured), 1},
                         Limits{COLUMN(throttled), 1}};
const auto never_negative =
    make_columns(COLUMN(repetition), COLUMN(epochs), COLUMN(steps), COLUMN(samples_seen), COLUMN(trainable_params),
                 COLUMN(macs_train), COLUMN(duration_s), COLUMN(train_s), COLUMN(U_gross_J), COLUMN(U_random_gross_J),
                 COLUMN(U_net_J), COLUMN(U_random_net_J), COLUMN(U_train_net_J), COLUMN(U_random_train_net_J),
                 COLUMN(u_rel_gain), COLUMN(samples), COLUMN(distinct_hz), COLUMN(longest_gap_s), COLUMN(sampler_cpu_s),
                 COLUMN(peak_rss_MiB), COLUMN(saved_act_MiB), COLUMN(threads), COLUMN(lr), COLUMN(n_test), COLUMN(correct));
#undef COLUMN

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

void complete_networks(std::span<CellRow> rows) {
  std::map<std::string, std::set<std::string>> networks;  // by run
  for (const CellRow& row : rows)
    if (!row.network.empty()) networks[row.run_id].insert(row.network);
  for (CellRow& row : rows) {
    const auto known = networks.find(row.run_id);
    if (row.network.empty() && known != networks.end() && known->second.size() == 1) row.network = *known->second.begin();
  }
}

std::string validation_error(const CellRow& row) {
  for (const auto& [column, high] : limited) {
    const auto value = number_of(row, column);
    if (value && !(*value >= 0 && *value <= high))
      return fmt::format("column {}: {} is not within 0 to {:.6g}", column.name, *value, high);
  }
  for (const Column& column : never_negative) {
    const auto value = number_of(row, column);
    if (value && *value < 0) return fmt::format("column {}: {} is below 0", column.name, *value);
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
