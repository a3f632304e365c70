#include "harness/row.h"

#include <cmath>

#include "harness/provenance.h"
#include "harness/strategy/strategy.h"

namespace tbft {

namespace {

std::optional<double> known(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

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

void fill_energy(results::CellRow& row, const CellEnergy& energy) {
  const auto net = power::net(energy.gross, energy.idle_before, energy.idle_after);
  row.gross_J = known(energy.gross.energy_J);
  row.U_gross_J = known(energy.gross.U_J);
  row.U_random_gross_J = known(energy.gross.U_random_J);
  row.idle_W = known(net.idle_W);
  row.net_J = known(net.net_J);
  row.U_net_J = known(net.U_net_J);
  row.U_random_net_J = known(net.U_random_net_J);
  row.u_rel_gain = known(energy.gross.u_rel_gain);
  row.mean_W = known(energy.gross.mean_W);
  row.max_W = known(energy.gross.max_W);
  if (energy.train) {
    const auto train_net = power::net(*energy.train, energy.idle_before, energy.idle_after);
    row.train_gross_J = known(energy.train->energy_J);
    row.train_net_J = known(train_net.net_J);
    row.U_train_net_J = known(train_net.U_net_J);
    row.U_random_train_net_J = known(train_net.U_random_net_J);
  }
}

// Why the joules of this cell do not count; empty when they do.
std::string energy_problem(const CellEnergy& energy, const std::optional<bool>& throttled) {
  if (!energy.gross.valid) return energy.gross.reason;
  if (energy.train && !energy.train->valid) return "train: " + energy.train->reason;
  if (throttled.value_or(false)) return "the board was throttled or under voltage";
  return {};
}

}  // namespace

results::CellRow make_row(const CellMeasurement& m, const CellEnergy& energy, const power::MeterInfo& meter, const RunFacts& run) {
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
  row.blocks = blocks_text(strategy);
  row.repetition = m.cell.repetition;
  row.seed = m.cell.seed;
  row.order_index = m.cell.order_index;
  row.duration_s = m.duration_s;
  row.train_s = m.train_s;
  row.meter = meter.uri;
  row.meter_scope = to_string(meter.scope);
  row.measured = meter.measured ? 1 : 0;
  row.samples = static_cast<std::int64_t>(energy.gross.samples);
  row.distinct_hz = known(energy.gross.distinct_hz);
  row.longest_gap_s = known(energy.gross.longest_gap_s);
  row.coverage_pct = known(energy.gross.coverage_pct);
  row.sampler_cpu_s = m.sampler_cpu_s;
  row.peak_rss_MiB = m.peak_rss_MiB;
  row.threads = settings.threads;
  row.backend = settings.backend;
  row.layout = settings.layout;
  row.bn_mode = strategy.updates_bn_only ? "train" : strategy.adapts() ? settings.train.batchnorm : "eval";
  if (strategy.uses_gradient()) row.lr = settings.lr_of(m.cell.strategy);
  row.cpu_governor = run.board->governor();
  row.temp_start_C = m.before.temperature_C;
  row.temp_end_C = m.after.temperature_C;
  const auto throttled = throttled_between(m.before.throttled_bits, m.after.throttled_bits);
  if (throttled) row.throttled = *throttled ? 1 : 0;
  row.tool_version = tool_version();
  row.config_hash = run.config_hash;

  if (!m.result) {
    row.status = "failed";
    row.reason = m.failure;
    return row;
  }
  fill_result(row, *m.result);
  row.reason = energy_problem(energy, throttled);
  row.status = row.reason.empty() ? "ok" : "invalid";
  if (row.status == "ok") fill_energy(row, energy);
  if (m.result->diverged) row.reason = "training diverged; the best weights before it were tested";
  return row;
}

}  // namespace tbft
