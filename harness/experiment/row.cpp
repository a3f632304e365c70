#include "harness/experiment/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/host/provenance.h"
#include "harness/measurement/energy_row.h"
#include "harness/training/strategies/strategy.h"
#include "tbft/power/plausible.h"

namespace tbft {

namespace {

void fill_result(results::CellRow& row, const TrainResult& result) {
  row.accuracy_pct = 100.0 * static_cast<double>(result.correct) / static_cast<double>(result.n_test);
  row.val_loss = known(result.val_loss);
  row.epochs = result.epochs;
  row.steps = result.steps;
  row.samples_seen = result.samples_seen;
  row.trainable_params = result.trainable_params;
  row.macs_train = result.macs_train;
  row.n_test = result.n_test;
  row.correct = result.correct;
  row.saved_act_MiB = result.saved_act_MiB;
}

// Adds a reason, because a cell may have several and none may hide another.
void add_reason(results::CellRow& row, const std::string& reason) {
  if (reason.empty()) return;
  if (!row.reason.empty()) row.reason += "; ";
  row.reason += reason;
}

// A slow meter may measure the cell but not its short training windows. Then only the columns of training stay empty.
void fill_train_energy(results::CellRow& row, const power::Energy& train, const IdleWindows& idle) {
  const std::string unknown_since = train.valid ? power::negative_reason(train) : train.reason;
  if (!unknown_since.empty()) return add_reason(row, "train energy unknown: " + unknown_since);
  std::string reason;
  const auto net = net_of_idle(train, idle, reason);
  if (!reason.empty()) add_reason(row, "train: " + reason);
  row.train_gross_J = known(train.energy_J);
  row.train_net_J = known(net.net_J);
  row.U_train_net_J = known(net.U_net_J);
  row.U_random_train_net_J = known(net.U_random_net_J);
}

// Like those of training: a test that the meter cannot measure leaves its columns empty.
void fill_test_energy(results::CellRow& row, const power::Energy& test, const IdleWindows& idle) {
  if (!test.valid || !power::negative_reason(test).empty()) return;
  std::string reason;
  const auto net = net_of_idle(test, idle, reason);
  row.test_net_J = known(net.net_J);
  row.U_test_net_J = known(net.U_net_J);
  if (row.test_net_J && row.n_test.value_or(0) > 0) row.infer_J_per_image = *row.test_net_J / static_cast<double>(*row.n_test);
}

void fill_frequencies(results::CellRow& row, const std::vector<double>& seen_kHz) {
  if (seen_kHz.empty()) return;
  row.cpu_min_kHz = std::ranges::min(seen_kHz);
  row.cpu_mean_kHz = std::accumulate(seen_kHz.begin(), seen_kHz.end(), 0.0) / static_cast<double>(seen_kHz.size());
}

}  // namespace

WindowResult result_of(const CellMeasurement& m, const CellEnergy& energy, const power::MeterInfo& meter) {
  MeasuredWindow window = energy;
  window.use = processor_use(m.before.processors, m.after.processors);
  window.throttled = throttled_between(m.before.throttled_bits, m.after.throttled_bits);
  return result_of(window, meter);
}

results::CellRow make_row(const CellMeasurement& m, const RowContext& run) {
  const auto& settings = *run.settings;
  const auto& strategy = find_strategy(m.cell.strategy);
  results::CellRow row;
  row.run_id = run.run_id;
  row.cell_id = m.cell.id;
  row.started_utc = m.started_utc;
  row.host = run.board->host();
  row.board = run.board->name();
  row.experiment = settings.name;
  row.protocol = settings.protocol;
  row.dataset = m.cell.dataset;
  row.drift = m.cell.drift;
  row.condition = m.cell.condition;
  row.train_size = m.cell.train_size;
  row.strategy = m.cell.strategy;
  row.blocks = blocks_text(strategy.chooses() && m.result ? m.result->tuned : strategy.tuned);
  // The strategy that `diagnosed` chose decides how the cell was trained.
  const auto& trained = m.result && !m.result->chosen.empty() ? find_strategy(m.result->chosen) : strategy;
  row.repetition = m.cell.repetition;
  row.seed = m.cell.seed;
  row.order_index = m.cell.order_index;
  row.peak_rss_MiB = m.peak_rss_MiB;
  row.threads = m.cell.point.threads > 0 ? m.cell.point.threads : settings.threads;
  row.point = m.cell.point.text();
  row.batch = m.cell.point.batch > 0 ? m.cell.point.batch : settings.train.batch;
  row.backend = settings.backend;
  row.layout = settings.layout;
  row.bn_mode = trained.batchnorm(settings.train.batchnorm);
  if (trained.uses_gradient() && m.lr > 0) row.lr = m.lr;
  row.cpu_governor = run.board->governor();
  row.temp_start_C = m.before.temperature_C;
  row.temp_end_C = m.after.temperature_C;
  const auto throttled = throttled_between(m.before.throttled_bits, m.after.throttled_bits);
  if (throttled) row.throttled = *throttled ? 1 : 0;
  row.tool_version = tool_version();
  row.config_hash = run.config_hash;
  row.network = run.network;

  if (!m.result) {
    row.status = "failed";
    row.reason = m.failure;
    return row;
  }
  fill_result(row, *m.result);
  if (m.result->diverged) add_reason(row, "training diverged; the best weights before it were tested");
  row.status = "ok";
  return row;
}

results::CellRow make_row(const CellMeasurement& m, const CellEnergy& energy, const power::MeterInfo& meter,
                          const RowContext& run) {
  auto row = make_row(m, run);
  row.duration_s = m.duration_s;
  row.train_s = m.train_s;
  fill_meter(row, meter);
  fill_window(row, energy.gross);
  row.sampler_cpu_s = m.sampler_cpu_s;
  fill_frequencies(row, m.seen_kHz);
  if (const auto use = processor_use(m.before.processors, m.after.processors)) row.other_cpu_pct = use->other_pct;
  if (!m.result) return row;
  if (results::is_contended(row))
    add_reason(row, fmt::format("contended: {}; joules and times of training are not this cell's alone",
                                other_programs_text(*row.other_cpu_pct)));
  const auto result = result_of(m, energy, meter);
  if (!result.gross.valid) {
    row.status = "invalid";
    add_reason(row, result.gross.reason);
    return row;
  }
  add_reason(row, result.doubt);
  add_reason(row, result.net_reason);
  fill_energy(row, result.gross, result.net);
  if (energy.train) fill_train_energy(row, *energy.train, energy);
  if (energy.test) fill_test_energy(row, *energy.test, energy);
  if (row.train_gross_J && row.train_s) row.edp_Js = *row.train_gross_J * *row.train_s;
  return row;
}

}  // namespace tbft
