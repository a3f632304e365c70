// Which level of drift the strategy `diagnosed` named, against the level that each cell's data has.
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

// The first levels of level_names: those that a drift can have, and of these the ones that are no mixture.
inline constexpr std::size_t true_levels = 5, pure_levels = 4;

struct LevelsNamed {
  using Counts = std::array<std::size_t, level_names.size()>;
  std::array<Counts, true_levels> named{};  // of each true level how many cells named which; both in the order of level_names
  std::size_t without_diagnosis = 0;        // cells of which no journal tells a diagnosis
  std::size_t other = 0;                    // cells whose drift is none of the levels, or noise in a block
};

// Of `cells` of one strategy. A drift without a name is none, one with a plus sign a mixture. Nothing where no diagnosis of a
// true level is known.
std::optional<LevelsNamed> levels_named(std::span<const CellRow* const> cells, const Levels& levels);

// The share of the cells of a true level that named it; unsure counts as not named. Unknown without such cells.
double recall_pct(const LevelsNamed& counted, std::size_t level);

// The mean of the recalls over the pure levels that occur, each of the same weight; unknown where none does.
struct MeanRecall {
  double pct = unknown;
  std::size_t levels = 0;
};
MeanRecall mean_recall(const LevelsNamed& counted);

// Without a title.
Section section_of(const LevelsNamed& counted);

}  // namespace tbft::results
