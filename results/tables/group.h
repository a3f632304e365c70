// Groups rows of cells.csv: the values of one table by strategy and repetition.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "results/correctness.h"
#include "results/schema.h"
#include "results/statistics.h"

namespace tbft::results {

// The blocks of the paper's network, front to rear.
inline constexpr std::array<std::string_view, 4> block_names{"block1", "block2", "block3", "fc"};
// Whether a strategy tunes one block alone: block1 to block99, fc.
bool is_block(std::string_view strategy);
// The blocks of a network, front to rear, by the strategies that have results: the paper's, and those up to the last of block4,
// block5, ... that has one.
std::vector<std::string> blocks_of(const std::function<bool(const std::string& strategy)>& has_result);
// The same by the keys of a map or set.
template <typename Results>
std::vector<std::string> blocks_among(const Results& by_strategy) {
  return blocks_of([&](const std::string& strategy) { return by_strategy.contains(strategy); });
}

// Joules of one training with expanded uncertainties (k = 2): the whole one, and the random part that differs between cells.
struct Joules {
  double J = unknown, U_J = unknown, U_random_J = unknown;
  bool estimate = false;  // from estimate://, so U does not describe a sensor
  bool negative = false;  // measured, and below 0 by more than U; a mean is negative if one of its cells is
};
// Whether a saving, a ratio or a winner's joules may be formed: the joules are above 0 by more than U (U_random where U is
// unknown), and none of their cells is below 0 by more than U. Otherwise a ratio would say nothing. Over repetitions the mean
// decides, because leaving out single ones would raise it. Estimates need only be known.
bool is_resolved(const Joules& joules);
bool is_estimate(const CellRow& row);  // whether its joules come from estimate://
// The mean of independent cells measured by one meter. Random parts average out; the part common to the meter stays.
Joules mean_joules(std::span<const Joules> cells);

// The values of one cell; unknown where its row has none.
struct Value {
  double accuracy_pct = unknown;
  Joules net, gross;  // of training only
  double val_loss = unknown;
  double epochs = unknown;  // that were trained before training ended or stopped early
  ImageScores images;
};

// Orders tables by input, feature, output drift. Different boards, protocols, networks or points of a sweep never share a
// table.
struct Key {
  std::string dataset, drift, condition;
  std::optional<double> train_size;
  std::string protocol, board, network, point = {};
  bool operator<(const Key& other) const;
};

Key group_key(const CellRow& row);

// The rows of one key that count: the last one of each strategy and repetition, so that a cell that ran again counts once.
struct KeptRows {
  std::map<std::pair<std::string_view, std::int64_t>, const CellRow*> last;
  std::size_t replaced = 0;  // how many others there are
};
// Of the rows with status ok or invalid, by key. Points into `rows`, which must outlive the result.
std::map<Key, KeptRows> kept_rows(std::span<const CellRow> rows);

// What all results that are averaged or compared with each other share.
struct Origin {
  std::string protocol, board, network, point = {};
  // clang-tidy 14 takes the 0 of a defaulted <=> for a pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const Origin&) const = default;
};
Origin origin_of(const Key& key);

// The origin of joules. Joules of two scopes, or measured and estimated ones, never share a column.
struct Source {
  std::string meter, scope;
  std::optional<std::int64_t> measured;
  bool operator<(const Source& other) const {
    return std::tie(meter, scope, measured) < std::tie(other.meter, other.scope, other.measured);
  }
};

// none, bn-stats, block1, block2, block3 (block4, ...), fc, block-avg, full; then all others by name.
struct StrategyOrder {
  bool operator()(const std::string& a, const std::string& b) const;
};

struct Group {
  Key key;
  std::map<std::string, std::map<std::int64_t, Value>, StrategyOrder> strategies;  // by repetition
  std::set<Source> sources;                                                        // of all rows that have joules
  std::size_t tables = 1;                                                          // how many groups a mean is to cover
  std::size_t pooled = 1;                                                          // how many of them were averaged
  std::vector<Key> left_out;                      // the keys of the others: cells of theirs are missing
  std::size_t repetitions_left_out = 0;           // in which one of them lacks cells
  std::size_t invalid = 0;                        // rows whose energy is invalid
  std::size_t negative = 0;                       // rows whose joules are below 0 by more than U
  std::size_t contended = 0, contended_kept = 0;  // rows disturbed by other programs, without and with joules or times
  std::set<std::string> settings;                 // config_hash of the rows; of several groups the most of one
  std::size_t replaced = 0;                       // rows left out because a later row has the same strategy and repetition
};

// Adds the counts of rows, the sources and the settings of `more`; its values stay out.
void add_counts(Group& group, const Group& more);

// Groups kept_rows() by key (of an invalid one only the accuracy counts), and adds block-avg: for each repetition the mean of
// the network's blocks, where all exist.
std::vector<Group> group_rows(std::span<const CellRow> rows, const Correctness& correctness = {});

// The value of a cell; nullptr where it has no accuracy.
const Value* find_value(const Group& group, const std::string& strategy, std::int64_t repetition);

// The differences of accuracy of two strategies, in the repetitions where both are known: points, and for each test image.
struct PairedAccuracies {
  std::vector<double> points;
  std::vector<ImageScores> images;  // null where the images of one are unknown
};
// `strategy` minus `other`. The group must have `strategy`.
PairedAccuracies paired_accuracies(const Group& group, const std::string& strategy, const std::string& other);

// The groups of each level of drift and data set: their keys without condition and training size.
std::map<Key, std::vector<Group>> by_level(std::span<const Group> groups);

// The groups of each key without its condition, over which the paper averages.
std::map<Key, std::vector<Group>> over_conditions(std::span<const Group> groups);

// The block of the highest value, of equal ones the first; empty while one of them is unknown.
std::string best_block(const std::vector<std::string>& blocks, const std::function<double(const std::string&)>& value_of);

// The mean over groups for each repetition. A group is complete in a repetition if every block that occurs anywhere has an
// accuracy there. The largest set of groups that are complete in one repetition is averaged, over all repetitions in which they
// are: so each block and each repetition is a mean over the same tables, and repetitions differ by chance alone. A strategy
// that is missing in one of these groups has no value in that repetition. Counts of rows are sums over all groups. `groups`
// must not be empty.
Group pool(std::span<const Group> groups, Key key);

}  // namespace tbft::results
