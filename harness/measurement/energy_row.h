// Energies into the columns of cells.csv: unknown values become empty, and one rule serves cells, measure and integrate.
#pragma once

#include <optional>

#include "results/schema.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"

namespace tbft {

// nullopt for "unknown" (NaN).
std::optional<double> known(double value);

// meter, meter_scope, measured
void fill_meter(results::CellRow& row, const power::MeterInfo& meter);
// samples, distinct_hz, longest_gap_s, coverage_pct: known also where the energy is invalid
void fill_window(results::CellRow& row, const power::Energy& gross);
// The joule columns of the whole window, with net and idle.
void fill_energy(results::CellRow& row, const power::Energy& gross, const power::NetEnergy& net);

}  // namespace tbft
