#include "harness/measurement/energy_row.h"

#include <cmath>

namespace tbft {

std::optional<double> known(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

results::Joules joules_of(const power::Energy& gross, const power::MeterInfo& meter) {
  return {
      .J = gross.energy_J, .U_J = gross.U_J, .U_random_J = gross.U_random_J, .estimate = meter.uri.starts_with("estimate:")};
}

results::Joules joules_of(const power::NetEnergy& net, const power::MeterInfo& meter) {
  return {.J = net.net_J, .U_J = net.U_net_J, .U_random_J = net.U_random_net_J, .estimate = meter.uri.starts_with("estimate:")};
}

void fill_meter(results::CellRow& row, const power::MeterInfo& meter) {
  row.meter = meter.uri;
  row.meter_scope = to_string(meter.scope);
  row.measured = meter.measured ? 1 : 0;
}

void fill_window(results::CellRow& row, const power::Energy& gross) {
  row.samples = static_cast<std::int64_t>(gross.samples);
  row.distinct_hz = known(gross.distinct_hz);
  row.longest_gap_s = known(gross.longest_gap_s);
  row.coverage_pct = known(gross.coverage_pct);
}

void fill_energy(results::CellRow& row, const power::Energy& gross, const power::NetEnergy& net) {
  row.gross_J = known(gross.energy_J);
  row.U_gross_J = known(gross.U_J);
  row.U_random_gross_J = known(gross.U_random_J);
  row.idle_W = known(net.idle_W);
  row.idle_drift_W = known(net.idle_drift_W);
  row.net_J = known(net.net_J);
  row.U_net_J = known(net.U_net_J);
  row.U_random_net_J = known(net.U_random_net_J);
  row.u_rel_gain = known(gross.u_rel_gain);
  row.mean_W = known(gross.mean_W);
  row.max_W = known(gross.max_W);
}

}  // namespace tbft
