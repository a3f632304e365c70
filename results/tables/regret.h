// Regret: strategies that choose what to train, and fixed strategies, compared with the best fixed one in hindsight.
//
//   case              one (data set, drift level, condition, training size, repetition). It counts where every strategy with an
//                     accuracy anywhere in the sweep has one there.
//   drift             the cases of one (data set, drift level, condition).
//   selectors         the strategies that choose: diagnosed, rgn-top1, auto-rgn, elastic. All others are fixed.
//   oracle            of a case the fixed strategy of the highest test accuracy; of equal ones that of the fewest joules, then
//                     the first in StrategyOrder. Being the largest of many noisy results, its accuracy
//                     is biased upwards.
//   accuracy regret   accuracy of the oracle less that of the strategy, in points: the mean over the cases.
//   joules            of training, choosing included, on the basis of energy_of(). `none` trains nothing and costs 0 J.
//   share of full     100 (sum of the strategy's joules / sum of full's).
//   joule regret      100 (sum of the strategy's joules / sum of the oracle's - 1); unknown where that is 0 or less.
//
// Joules are compared as totals over the cases in which both are known, because `none` costs nothing, so a ratio to it is
// undefined. Intervals (95 %) are over drifts, each with all of its cases: what a selector gets wrong it gets wrong in all
// repetitions of one drift. From 10 drifts they are a bootstrap; of 2 to 9, for which that is too narrow, Student's t with the
// jackknife's standard error.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/statistics.h"
#include "results/tables/group.h"
#include "results/tables/section.h"
#include "results/tables/table.h"

namespace tbft::results {

// The levels of drift that the strategy `diagnosed` named, compared with the true level of each cell's data.
//
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

inline constexpr std::array<std::string_view, 4> selectors{"diagnosed", "rgn-top1", "auto-rgn", "elastic"};

struct Estimate {
  double value = unknown;
  Interval interval;
};

struct RegretLine {
  std::string strategy;
  double accuracy_pct = unknown;
  Estimate regret_points, share_of_full_pct, J_regret_pct;  // the oracle itself has only the share
  std::size_t joule_cases = 0;                              // cases whose joules are known
};

// The regrets over the cells of one protocol, board and network, from groups (Key) in which a selector ran.
struct Regret {
  std::string protocol, board, network, point;
  std::size_t drifts = 0, cases = 0;              // those that count
  std::size_t left_out = 0;                       // cases in which a strategy has no accuracy
  std::map<std::string, std::size_t> missing_in;  // of these, by the strategy that lacks an accuracy
  std::size_t fixed = 0;                          // number of strategies from which the oracle picks
  JoulesBasis energy;
  std::vector<std::string> energy_captions;
  std::vector<RegretLine> lines;  // selectors in their order, then the others in StrategyOrder; empty without a case
  RegretLine oracle;
  std::map<std::string, std::size_t, StrategyOrder> oracle_was;  // number of cases by strategy
  std::optional<LevelsNamed> levels;
};

// One for each protocol, board and network with two or more drifts in which a selector ran, even if it failed. `groups` are
// those of group_rows(rows).
std::vector<Regret> regrets(std::span<const CellRow> rows, std::span<const Group> groups, const Levels& levels);

// The table of regrets, then the levels named if they are known.
std::vector<Section> sections_of(const Regret& regret);

}  // namespace tbft::results
