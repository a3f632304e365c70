// What figures say of joules: whether they were measured, and how far savings may be off.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plots/figure.h"
#include "results/tables/table_set.h"

namespace tbft::plots {

// Whether joules and watts were measured; `unrecorded`: the file does not say. A figure that must choose takes the first of
// these.
enum class JoulesKind { measured, unrecorded, replayed, estimated };
// Of a table's joules; `measured` where it has none.
JoulesKind joules_kind(const results::Table& table);
JoulesKind joules_kind(const results::CellRow& row);

// "estimated idle power / W"; the text alone unless the values are known to be estimates or replays.
std::string with_kind(JoulesKind kind, std::string_view text);
// "estimated training energy / J, net"
std::string joules_label(JoulesKind kind, results::Basis basis);

// "estimated", "not recorded whether measured", "partly estimated"; empty if all were measured.
std::string words_of(const std::set<JoulesKind>& kinds);
// The same for the subtitle of a figure, from the kinds of all that it shows: "joules estimated, not measured", "joules: not
// recorded whether measured", "joules partly estimated, see the axes". `what`: "joules" or "power".
std::string kinds_note(const std::set<JoulesKind>& kinds, std::string_view what = "joules", std::string_view where = "axes");

// The half-width of a saving's error bar in percentage points: the standard deviation of the savings of the repetitions, or U
// (k = 2) where that is larger. 0 where both are unknown: nothing is drawn.
class SavingSpread {
 public:
  SavingSpread(const FigureData& data, const std::vector<results::TableSet>& sets);
  double half_width(const results::Table& table, const results::Line& line) const;

 private:
  // NaN for fewer than two repetitions.
  double standard_deviation(const results::Table& table, const std::string& strategy) const;

  std::map<results::Key, results::Group> groups_;  // of each table: its condition, or the means over conditions
};

}  // namespace tbft::plots
