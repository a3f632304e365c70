// Compares the level of drift that the strategy `diagnosed` named with the true level of each cell's data.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/statistics.h"
#include "results/tables/section.h"

namespace tbft::results {

// The number of level_names that a drift can have, and of those that are not a mixture.
inline constexpr std::size_t true_levels = 5, pure_levels = 4;

struct LevelsNamed {
  using Counts = std::array<std::size_t, level_names.size()>;
  std::array<Counts, true_levels>
      named{};  // for each true level the number of cells that named each level; both in the order of level_names
  std::size_t without_diagnosis = 0;  // cells whose diagnosis is in no journal
  std::size_t other = 0;              // cells whose drift is not one of the levels, or is noise in a block
};

// Counts the cells of one strategy. An empty drift means the level none, one with a plus sign a mixture. Returns nothing if no
// diagnosis is known for a true level.
std::optional<LevelsNamed> levels_named(std::span<const CellRow* const> cells, const Levels& levels);

// The share of a true level's cells that named it; unsure counts as wrong. Unknown without such cells.
double recall_pct(const LevelsNamed& counted, std::size_t level);

// The unweighted mean of the recalls over the pure levels that occur; unknown if none occurs.
struct MeanRecall {
  double pct = unknown;
  std::size_t levels = 0;
};
MeanRecall mean_recall(const LevelsNamed& counted);

// The section, without a title.
Section section_of(const LevelsNamed& counted);

}  // namespace tbft::results
