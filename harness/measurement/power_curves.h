// The power curves of a run's cells, from its traces, however long they are.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "results/power_curve.h"
#include "results/schema.h"

namespace tbft {

// Buckets of one curve where so many cells share a report: all together stay below some 200,000.
std::size_t buckets_for(std::size_t cells);

// Reads traces/*.csv of a run directory row by row and adds the curves of these cells, with the joules of their phases. Of a
// cell that ran more than once the last counts. A run without traces adds nothing; a trace that cannot be read is told to
// `warn` and left out from there on.
void add_curves(const std::filesystem::path& run, std::span<const results::CellRow> rows, std::size_t most_buckets,
                results::PowerCurves& into, const std::function<void(const std::string&)>& warn);

}  // namespace tbft
