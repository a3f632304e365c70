#include "results/schema.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "results/columns.h"
#include "results/text.h"

namespace tbft::results {

namespace {

// Makes name and member from one token, so that they cannot differ. After them: the unit and the meaning.
#define COLUMN(field, unit, meaning)                           \
  Documented<CellRow> {                                        \
    CsvColumn<CellRow>{#field, &CellRow::field}, unit, meaning \
  }
#define COLUMN_LATER(field, unit, meaning)                           \
  Documented<CellRow> {                                              \
    CsvColumn<CellRow>{#field, &CellRow::field, true}, unit, meaning \
  }
constexpr std::array documented{
    COLUMN(schema, "", "Version of the columns, now 1"),
    COLUMN(run_id, "", "Name of the run: experiment, time and a random number"),
    COLUMN(cell_id, "", "Identifies the cell: 12 hexadecimal digits over its settings, equal on every machine"),
    COLUMN(started_utc, "", "When the cell began, in UTC"),
    COLUMN(host, "", "Name of the machine"),
    COLUMN(board, "", "Model of the board"),
    COLUMN(experiment, "", "Name of the experiment"),
    COLUMN(protocol, "", "paper, or efficient (frozen blocks in eval mode)"),
    COLUMN(dataset, "", "Data set, as `tbft data list` names it"),
    COLUMN(drift, "", "Level of the drift: input, feature, output, or several joined by +; empty without drift"),
    COLUMN(condition, "", "Drift within the data set, such as gaussian_noise-5 or noise-block2"),
    COLUMN(train_size, "", "Fraction of all images that is used for training"),
    COLUMN(strategy, "", "Fine-tuning strategy, such as block1, full or bn-stats"),
    COLUMN(blocks, "", "Blocks that are trained, joined by +; bn for all BatchNorm, all for every parameter"),
    COLUMN(repetition, "", "Number of the repetition, from 0"),
    COLUMN(seed, "", "Training seed: sweep.seed plus the repetition"),
    COLUMN(status, "", "ok, failed, or invalid (the energy is invalid; the accuracy counts)"),
    COLUMN(reason, "", "Why the cell failed, why its energy is invalid, or what is doubtful about it"),
    COLUMN(accuracy_pct, "%", "Test images that are classified correctly"),
    COLUMN(val_loss, "", "Best validation loss, a mean over the images"),
    COLUMN(epochs, "", "Epochs that were run before training ended or stopped early"),
    COLUMN(steps, "", "Training steps"),
    COLUMN(samples_seen, "", "Images that the training steps saw, counted each time"),
    COLUMN(trainable_params, "", "Number of trained parameters"),
    COLUMN(macs_train, "", "Multiply-accumulate operations of the training, by the cost model"),
    COLUMN(duration_s, "s", "Duration of the cell: loading, training, validation and test"),
    COLUMN(train_s, "s", "Duration of the training alone, without validation and test"),
    COLUMN(gross_J, "J", "Energy of the whole cell"),
    COLUMN(U_gross_J, "J", "Expanded uncertainty (k = 2) of gross_J; empty if the meter states no accuracy"),
    COLUMN(U_random_gross_J, "J",
           "The part of U_gross_J without the meter's gain and offset: power between readings, noise, resolution, time, gaps"),
    COLUMN(idle_W, "W", "Mean power of the idle windows before and after the cell"),
    COLUMN(net_J, "J", "Energy of the cell above idle: gross_J minus idle_W times duration_s"),
    COLUMN(U_net_J, "J", "Expanded uncertainty (k = 2) of net_J; empty if the meter states no accuracy"),
    COLUMN(U_random_net_J, "J", "The part of U_net_J without the meter's gain and offset, of the idle windows, too"),
    COLUMN(train_gross_J, "J", "Energy of the training alone"),
    COLUMN(train_net_J, "J", "Energy of the training above idle"),
    COLUMN(U_train_net_J, "J", "Expanded uncertainty (k = 2) of train_net_J; empty if the meter states no accuracy"),
    COLUMN(U_random_train_net_J, "J",
           "The part of U_train_net_J without the meter's gain and offset, of the idle windows, too"),
    COLUMN(u_rel_gain, "", "Standard uncertainty of the meter's gain as a fraction; it is common to all its readings"),
    COLUMN(mean_W, "W", "Mean power of the cell"),
    COLUMN(max_W, "W", "Highest reading of power in the cell"),
    COLUMN(meter, "", "URI of the meter"),
    COLUMN(meter_scope, "", "What the meter covers: board, package, rail or battery"),
    COLUMN(measured, "", "1 for a measurement, 0 for an estimate or a replay"),
    COLUMN(samples, "", "New readings of the meter in the cell"),
    COLUMN(distinct_hz, "Hz", "New readings of the meter in a second"),
    COLUMN(longest_gap_s, "s", "Longest time without a new reading"),
    COLUMN(coverage_pct, "%", "Part of the cell that readings cover; under 95 % the energy is invalid, except of a counter"),
    COLUMN(sampler_cpu_s, "s", "Processor time of the sampling thread in the cell"),
    COLUMN(peak_rss_MiB, "MiB", "Highest memory of the program in the cell"),
    COLUMN(saved_act_MiB, "MiB", "Activations that the first training step keeps for its backward pass"),
    COLUMN(threads, "", "Threads of the network's operations"),
    COLUMN(backend, "", "What runs convolutions, and on x86-64 linear layers of a ViT: onednn or native"),
    COLUMN(layout, "", "Layout of activations: channels_last or contiguous"),
    COLUMN(bn_mode, "", "BatchNorm in training: train, frozen-eval or eval"),
    COLUMN(lr, "", "Learning rate of the training; empty without a gradient"),
    COLUMN(n_test, "", "Number of test images"),
    COLUMN(correct, "", "Test images that are classified correctly"),
    COLUMN(order_index, "", "Position of the cell in the order of the plan, from 0"),
    COLUMN(cpu_governor, "", "Frequency governor of the processor"),
    COLUMN(temp_start_C, "degrees C", "Temperature of the board before the cell"),
    COLUMN(temp_end_C, "degrees C", "Temperature of the board after the cell"),
    COLUMN(throttled, "", "1 if the board reduced its clock in the cell, 0 if not; empty if it cannot be read"),
    COLUMN(tool_version, "", "Version of tbft, with the commit"),
    COLUMN(config_hash, "", "Identifies the settings of the run, except the lists that may grow"),
    COLUMN(idle_drift_W, "W", "Idle power after the cell minus idle power before it"),
    COLUMN_LATER(other_cpu_pct, "%",
                 "Part of the processors that other programs used in the cell; above 30 % its training joules and times enter "
                 "no saving"),
    COLUMN_LATER(network, "", "Name of the network, such as ResNet-26"),
    COLUMN_LATER(point, "", "Point on the sweep's further axes, such as threads=2 batch=16; empty without them"),
    COLUMN_LATER(batch, "", "Images in a training step"),
    COLUMN_LATER(cpu_min_kHz, "kHz", "Lowest frequency of the processors that was seen in the cell, a mean over them"),
    COLUMN_LATER(cpu_mean_kHz, "kHz", "Mean of the frequencies that were seen in the cell, about two a second"),
    COLUMN_LATER(test_net_J, "J", "Energy of the test above idle"),
    COLUMN_LATER(U_test_net_J, "J", "Expanded uncertainty (k = 2) of test_net_J; empty if the meter states no accuracy"),
    COLUMN_LATER(infer_J_per_image, "J", "Energy of one image's inference above idle: test_net_J divided by n_test"),
    COLUMN_LATER(edp_Js, "J s", "Energy-delay product of the training: train_gross_J times train_s")};
#undef COLUMN
#undef COLUMN_LATER
constexpr auto table = columns_of(documented);

// What names a cell, and its energy by one meter.
constexpr std::array meter_column_names{"schema",     "run_id",        "cell_id",       "started_utc",   "dataset",
                                        "drift",      "condition",     "train_size",    "strategy",      "point",
                                        "repetition", "meter",         "meter_scope",   "measured",      "status",
                                        "reason",     "duration_s",    "gross_J",       "U_gross_J",     "U_random_gross_J",
                                        "idle_W",     "idle_drift_W",  "net_J",         "U_net_J",       "U_random_net_J",
                                        "train_s",    "train_gross_J", "train_net_J",   "U_train_net_J", "U_random_train_net_J",
                                        "test_net_J", "U_test_net_J",  "u_rel_gain",    "mean_W",        "max_W",
                                        "samples",    "distinct_hz",   "longest_gap_s", "coverage_pct",  "sampler_cpu_s"};
constexpr auto meter_documented = [] {
  std::array<Documented<CellRow>, meter_column_names.size()> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::size_t place = 0;
    while (documented[place].column.name != meter_column_names[i]) ++place;  // a wrong name does not compile
    result[i] = documented[place];
    result[i].column.later = false;
  }
  return result;
}();
constexpr auto meter_table = columns_of(meter_documented);

#define COLUMN(field)       \
  Column {                  \
#field, &CellRow::field \
  }
// Limits of columns. Energies, powers and temperatures may be negative and are not listed.
struct Limits {
  Column column;
  double high;
};
constexpr double rounded = 1e-9;  // tolerance for sums of rounded parts
const std::array limited{Limits{COLUMN(train_size), 1}, Limits{COLUMN(accuracy_pct), 100},
                         Limits{COLUMN(coverage_pct), 100 + rounded}, Limits{COLUMN(measured), 1},
                         Limits{COLUMN(throttled), 1}};
const auto never_negative = make_columns(
    COLUMN(repetition), COLUMN(epochs), COLUMN(steps), COLUMN(samples_seen), COLUMN(trainable_params), COLUMN(macs_train),
    COLUMN(duration_s), COLUMN(train_s), COLUMN(U_gross_J), COLUMN(U_random_gross_J), COLUMN(U_net_J), COLUMN(U_random_net_J),
    COLUMN(U_train_net_J), COLUMN(U_random_train_net_J), COLUMN(u_rel_gain), COLUMN(samples), COLUMN(distinct_hz),
    COLUMN(longest_gap_s), COLUMN(sampler_cpu_s), COLUMN(peak_rss_MiB), COLUMN(saved_act_MiB), COLUMN(threads), COLUMN(lr),
    COLUMN(n_test), COLUMN(correct), COLUMN(batch), COLUMN(cpu_min_kHz), COLUMN(cpu_mean_kHz), COLUMN(U_test_net_J));
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
                                             &CellRow::U_train_net_J, &CellRow::U_random_train_net_J, &CellRow::edp_Js})
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

std::span<const Column> meter_columns() {
  return meter_table;
}

std::vector<ColumnText> cell_column_texts() {
  return texts_of(documented);
}

std::vector<ColumnText> meter_column_texts() {
  return texts_of(meter_documented);
}

}  // namespace tbft::results
