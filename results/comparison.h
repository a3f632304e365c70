// Compares the same cells of two runs, made on two boards, with two versions or with two settings.
//
// A pair is two cells of the same data set, drift, condition, training size, strategy and repetition. Joules and seconds are
// compared by the geometric mean of B / A over pairs, accuracies by the mean of B - A in percentage points, because an accuracy
// of 0 has no ratio. The 95 % interval is that of the mean log-ratio or difference (results/statistics.h: Student's t,
// bootstrap from ten pairs). Many pairs are judged by Wilcoxon's signed rank test of the same values. The repetitions of one
// cell, from five on, are judged by Mann and Whitney's test, because five pairs cannot reach 5 % by their signs. Holm's
// correction is applied within each level and quantity. A ratio of joules from two meters is never significant within what
// their gains allow (k = 2), because repetitions do not average the gains out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/run_facts.h"
#include "results/schema.h"
#include "results/statistics.h"
#include "results/tables/group.h"
#include "results/tables/section.h"
#include "results/tables/table.h"

namespace tbft::results {

struct ComparedRun {
  std::string name;
  std::vector<CellRow> rows;
  std::optional<RunFacts> facts;  // empty without a run.json; data and settings are then unchecked
};

enum class Quantity { train_J, train_s, accuracy_pct };
std::string_view to_string(Quantity quantity);

enum class Verdict { no_difference, within_meters, lower, higher, too_few };
std::string_view to_string(Verdict verdict);

// B over A.
struct ComparedLine {
  enum class Level { all, strategy, cell } level = Level::all;
  Key key;               // of a cell; in other lines the fields that all pairs share
  std::string strategy;  // empty: all strategies
  Quantity quantity = Quantity::train_J;
  std::size_t pairs = 0, left_out = 0;  // left out: a side has no value, or a ratio needs a value above 0
  double a = unknown, b = unknown;      // means over the pairs
  // B / A for joules and seconds; B - A in percentage points for accuracies. `low` and `high` belong to the one that is known.
  double ratio = unknown, difference = unknown;
  double low = unknown, high = unknown;
  double p = unknown, p_holm = unknown;  // unknown where there are too few values
  Verdict verdict = Verdict::too_few;
};

struct SettingDifference {
  std::string name, a, b;  // empty: absent
};

struct Comparison {
  std::string a, b;                                // names
  std::vector<std::string> obstacles;              // reasons against the comparison
  std::vector<std::string> notes;                  // including how many pairs each quantity leaves out, and why
  std::size_t common = 0, only_a = 0, only_b = 0;  // cells
  Basis basis = Basis::none;                       // of the joules
  bool estimated = false;                          // whether joules of some pair are known not to be measured
  double U_meters_rel = 0;  // k = 2: uncertainty of a joule ratio by the gains of two meters; unknown if one states no accuracy
  std::vector<ComparedLine> lines;  // all, then strategies, then cells
  std::vector<SettingDifference> settings;
};
// Throws std::invalid_argument where the runs have no cell in common.
Comparison compare(const ComparedRun& a, const ComparedRun& b);

// Whether some line differs significantly.
bool differs(const Comparison& comparison);
// How ratios are written: as in text, or with four significant digits (percentages with three).
enum class Digits { four_decimals, four };
// One line: "no difference", or what differs.
std::string conclusion(const Comparison& comparison, Digits digits = Digits::four_decimals);

// "train J net", "train s", "accuracy %"
std::string quantity_text(Quantity quantity, Basis basis);
// "all cells", the strategy, or the data and the strategy of a cell.
std::string name_of(const ComparedLine& line);
bool is_significant(const ComparedLine& line);
// The distance of B from A, for sorting. A point of accuracy counts like one per cent of joules or seconds.
double size_of_change(const ComparedLine& line);

std::vector<Section> sections_of(const Comparison& comparison, Digits digits = Digits::four_decimals);
// What differs significantly: over all cells, by strategy, by cell (at most 20), each with the largest change first. One line
// says so where nothing does. Ratios have four digits.
Section differences_of(const Comparison& comparison);
// Long form: one record for each line of each comparison, under a constant header.
std::string render_csv(std::span<const Comparison> comparisons);
// {"comparisons": [{"a", "b", "notes", ..., "lines": [the columns of the CSV], "settings": [...]}]}
std::string render_json(std::span<const Comparison> comparisons);

}  // namespace tbft::results
