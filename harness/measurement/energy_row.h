// Energies of power/ as the values of results/: the energy columns of cells.csv, and joules with their uncertainty. Unknown
// values become empty; the same rule serves cells, measure and integrate.
#pragma once

#include <optional>

#include "results/schema.h"
#include "results/tables/group.h"
#include "tbft/power/energy.h"
#include "tbft/power/meter.h"

namespace tbft {

// The value, or nullopt if it is NaN (unknown).
std::optional<double> known(double value);

// Gross and net joules, marked if they are from estimate://.
results::Joules joules_of(const power::Energy& gross, const power::MeterInfo& meter);
results::Joules joules_of(const power::NetEnergy& net, const power::MeterInfo& meter);

// Fills meter, meter_scope and measured.
void fill_meter(results::CellRow& row, const power::MeterInfo& meter);
// Fills samples, distinct_hz, longest_gap_s and coverage_pct, which are known even if the energy is invalid.
void fill_window(results::CellRow& row, const power::Energy& gross);
// Fills the joule columns of the whole window, with net and idle.
void fill_energy(results::CellRow& row, const power::Energy& gross, const power::NetEnergy& net);

}  // namespace tbft
