// Rows of cells.csv brought together: the values of one table, by strategy and repetition.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/statistics.h"

namespace tbft::results {

inline constexpr std::array<std::string_view, 4> block_names{"block1", "block2", "block3", "fc"};

// Joules of one training with expanded uncertainties (k = 2): all of it, and the part that differs from cell to cell.
struct Joules {
  double J = unknown, U_J = unknown, U_random_J = unknown;
  bool estimate = false;  // of estimate://: no sensor that may be wrong by U
  bool negative = false;  // measured, and beyond U below 0; of a mean: one of its cells is
};
// Whether a saving, a ratio or a winner's joules may be formed from them: they lie beyond U (U_random where U is unknown) above
// 0, and no cell of theirs beyond U below 0. Estimates need only be known.
bool is_resolved(const Joules& joules);
bool is_estimate(const CellRow& row);  // its joules are of estimate://
// The mean of independent cells measured by one meter: random parts average out, the part common to the meter stays.
Joules mean_joules(std::span<const Joules> cells);

// What one cell gave. Unknown where its row says nothing.
struct Value {
  double accuracy_pct = unknown;
  Joules net, gross;  // of the training alone
  double val_loss = unknown;
  ImageScores images;
};

// Tables in the order input, feature, output drift. Boards and protocols never share a table.
struct Key {
  std::string dataset, drift, condition;
  std::optional<double> train_size;
  std::string protocol, board;
  bool operator<(const Key& other) const;
};

Key group_key(const CellRow& row);

// Where joules come from. Joules of two scopes, or measured and estimated ones, never share a column.
struct Source {
  std::string meter, scope;
  std::optional<std::int64_t> measured;
  bool operator<(const Source& other) const {
    return std::tie(meter, scope, measured) < std::tie(other.meter, other.scope, other.measured);
  }
};

// none, bn-stats, block1, block2, block3, fc, block-avg, full; others after them by name.
struct StrategyOrder {
  bool operator()(const std::string& a, const std::string& b) const;
};

struct Group {
  Key key;
  std::map<std::string, std::map<std::int64_t, Value>, StrategyOrder> strategies;  // by repetition
  std::set<Source> sources;                                                        // of every row that has joules
  std::size_t tables = 1;                         // how many groups were averaged into this one
  std::size_t pooled = 1;                         // of them, the fewest of any repetition that had every block
  std::size_t invalid = 0;                        // rows whose energy is invalid
  std::size_t negative = 0;                       // rows whose joules lie beyond their U below 0
  std::size_t contended = 0, contended_kept = 0;  // rows beside busy other programs, without and with joules or times
  std::size_t replaced = 0;                       // rows left out because a later one repeats their strategy and repetition
};

// Rows with status ok, or invalid (their accuracy counts, their joules do not), grouped by key and completed by block-avg: per
// repetition the mean of the four blocks, where all four exist.
std::vector<Group> group_rows(std::span<const CellRow> rows, const Correctness& correctness = {});

// The mean over groups, repetition by repetition, over those groups in which every block seen anywhere has an accuracy: so that
// each block is averaged over the same cells. A strategy that lacks one of them has no value. `groups` is not empty.
Group pool(std::span<const Group> groups, Key key);

}  // namespace tbft::results
