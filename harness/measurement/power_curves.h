// Power curves of a run's cells, computed from traces of any length.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "results/power_curve.h"
#include "results/schema.h"

namespace tbft {

// The number of buckets in one curve if so many cells share a report, so that all curves together have about 200,000 at most.
std::size_t buckets_for(std::size_t cells);

// Reads traces/*.csv of a run directory row by row and adds the curves of these cells, with the joules of their phases. If a
// cell ran more than once, the last run counts. A run without traces adds nothing. A trace that cannot be read is reported to
// `warn` and ignored from that point on.
void add_curves(const std::filesystem::path& run, std::span<const results::CellRow> rows, std::size_t most_buckets,
                results::PowerCurves& into, const std::function<void(const std::string&)>& warn);

}  // namespace tbft
