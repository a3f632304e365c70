#include "harness/step_cost/step_cost_rows.h"

#include <algorithm>
#include <cmath>

#include "harness/host/provenance.h"
#include "harness/measurement/energy_row.h"
#include "harness/measurement/rounds.h"
#include "tbft/power/plausible.h"

namespace tbft {

namespace {

std::vector<power::Energy> valid(const ContenderRounds& rounds) {
  std::vector<power::Energy> result;
  std::ranges::copy_if(rounds.energies, std::back_inserter(result), &power::Energy::valid);
  return result;
}

// Joules of a step above `base_W`, by round; NaN where the round's energy is unknown.
std::vector<double> joules(const ContenderRounds& rounds, double base_W) {
  std::vector<double> result;
  for (const auto& energy : rounds.energies)
    result.push_back(energy.valid ? (energy.energy_J - base_W * energy.duration_s) / static_cast<double>(rounds.steps)
                                  : power::unknown);
  return result;
}

// One power for all candidates, as in the paper, so that joules are exactly proportional to time.
double mean_power_W(std::span<const ContenderRounds> all) {
  double energy_J = 0, duration_s = 0;
  for (const auto& rounds : all)
    for (const auto& energy : valid(rounds)) {
      energy_J += energy.energy_J;
      duration_s += energy.duration_s;
    }
  return energy_J / duration_s;
}

void fill_time(results::StepCostRow& row, const ContenderRounds& rounds, const ContenderRounds& full) {
  const auto time = student_interval(rounds.seconds);
  row.step_s = time.mean;
  row.step_s_low = known(time.low);
  row.step_s_high = known(time.high);
  const auto saving = student_interval(paired_savings_pct(rounds.seconds, full.seconds));
  row.saving_time_pct = known(saving.mean);
  row.saving_time_low = known(saving.low);
  row.saving_time_high = known(saving.high);
}

void fill_energy(results::StepCostRow& row, const ContenderRounds& rounds, const ContenderRounds& full,
                 const StepCostFacts& facts) {
  const auto parts = valid(rounds);
  const auto gross = power::combine(parts);
  const auto net = power::net(gross, facts.idle_before, facts.idle_after);
  const double steps = static_cast<double>(rounds.steps) * static_cast<double>(parts.size());
  // A saving needs joules whose interval does not contain 0.
  const auto is_resolved = [&](const ContenderRounds& of, bool of_net) {
    const auto all = power::combine(valid(of));
    const auto above_idle = power::net(all, facts.idle_before, facts.idle_after);
    const double U_J = std::isfinite(above_idle.U_net_J) ? above_idle.U_net_J : above_idle.U_random_net_J;
    return facts.meter.uri.starts_with("estimate:") ||
           (of_net ? above_idle.net_J - (std::isfinite(U_J) ? U_J : 0) : power::lower_bound_J(all)) > 0;
  };
  const auto saving_pct = [&](double base_W) -> std::optional<double> {
    if (!is_resolved(rounds, base_W != 0) || !is_resolved(full, base_W != 0)) return std::nullopt;
    return known(student_interval(paired_savings_pct(joules(rounds, base_W), joules(full, base_W))).mean);
  };
  row.gross_J = known(gross.energy_J / steps);
  row.U_gross_J = known(gross.U_J / steps);
  row.saving_gross_pct = saving_pct(0);
  row.idle_W = known(net.idle_W);
  if (!row.idle_W) return;
  row.net_J = known(net.net_J / steps);
  row.U_net_J = known(net.U_net_J / steps);
  row.saving_net_pct = saving_pct(*row.idle_W);
}

results::StepCostRow make_row(const ContenderRounds& rounds, const ContenderRounds& full, const StepCostFacts& facts) {
  results::StepCostRow row;
  row.run_id = facts.run_id;
  row.started_utc = facts.started_utc;
  row.host = facts.board->host();
  row.board = facts.board->name();
  row.pixels = facts.network.spec.pixels;
  row.classes = facts.network.spec.classes;
  row.variant = rounds.contender.variant;
  row.strategy = rounds.contender.strategy->name;
  row.steps = rounds.steps;
  row.rounds = static_cast<std::int64_t>(rounds.seconds.size());
  fill_time(row, rounds, full);
  fill_energy(row, rounds, full, facts);
  const auto macs = static_cast<double>(step_macs(facts.network, rounds.contender));
  row.macs = macs;
  row.saving_macs_pct = 100 * (1 - macs / static_cast<double>(step_macs(facts.network, full.contender)));
  row.peak_rss_MiB = rounds.peak_rss_MiB;
  row.meter = facts.meter.uri;
  row.meter_scope = to_string(facts.meter.scope);
  row.measured = facts.meter.measured ? 1 : 0;
  row.threads = facts.compute.threads;
  row.backend = facts.compute.backend;
  row.layout = facts.layout;
  row.tool_version = tool_version();
  row.network = facts.network.title;
  return row;
}

}  // namespace

std::vector<results::StepCostRow> step_cost_rows(std::span<const ContenderRounds> all, const StepCostFacts& facts) {
  const auto full =
      std::ranges::find(all, "full", [](const ContenderRounds& rounds) { return rounds.contender.strategy->name; });
  const double power_W = mean_power_W(all);
  std::vector<results::StepCostRow> rows;
  for (const auto& rounds : all) {
    rows.push_back(make_row(rounds, *full, facts));
    rows.back().paper_view_J = known(*rows.back().step_s * power_W);
  }
  return rows;
}

std::vector<results::OperationRow> operation_rows(std::span<const ContenderRounds> all, const models::NetworkSpec& spec) {
  std::vector<results::OperationRow> rows;
  for (const auto& rounds : all) {
    OperationTimes mean;
    double total_s = 0;
    for (const auto& times : rounds.operations)
      for (std::size_t i = 0; i < operation_names.size(); ++i) {
        const double part_s = times.seconds[i] / static_cast<double>(rounds.operations.size());
        mean.seconds[i] += part_s;
        total_s += part_s;
      }
    for (std::size_t i = 0; i < operation_names.size(); ++i)
      rows.push_back({.pixels = spec.pixels,
                      .classes = spec.classes,
                      .variant = std::string(rounds.contender.variant),
                      .strategy = std::string(rounds.contender.strategy->name),
                      .operation = std::string(operation_names[i]),
                      .seconds = mean.seconds[i],
                      .share_pct = 100 * mean.seconds[i] / total_s});
  }
  return rows;
}

double operations_saving_pct(std::span<const results::OperationRow> operations, const results::StepCostRow& row) {
  const auto sum_s = [&](std::string_view variant, std::string_view strategy) {
    double sum = 0;
    for (const auto& operation : operations)
      if (operation.pixels == row.pixels && operation.classes == row.classes && operation.variant == variant &&
          operation.strategy == strategy)
        sum += operation.seconds.value_or(power::unknown);
    return sum;
  };
  const double full_s = sum_s("tbft", "full");
  const double own_s = sum_s(row.variant, row.strategy);
  return full_s > 0 && own_s > 0 ? 100 * (1 - own_s / full_s) : power::unknown;
}

}  // namespace tbft
