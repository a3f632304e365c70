#include "results/tables/table_set.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "results/text.h"

namespace tbft::results {

namespace {

Key without_condition(Key key) {
  key.condition.clear();
  return key;
}

}  // namespace

std::vector<TableSet> table_sets(const Summary& summary) {
  std::set<Key> averaged;
  for (const Table& table : summary.tables) {
    if (table.tables > 1) averaged.insert(without_condition(table.key));
  }
  // Means whose conditions differ in number with the training size are one set; single conditions never share one.
  std::map<std::pair<Key, bool>, std::vector<const Table*>> by_set;  // true: of means
  for (const Table& table : summary.tables) {
    if (std::ranges::none_of(table.lines, [](const Line& line) { return line.accuracy_pct.n > 0; })) continue;
    const bool mean = table.tables > 1;
    // Where a mean over conditions has this training size, single conditions are left out, as in the paper.
    if (!mean && !table.key.condition.empty() && averaged.contains(without_condition(table.key))) continue;
    Key key = mean ? without_condition(table.key) : table.key;
    key.train_size.reset();
    by_set[{std::move(key), mean}].push_back(&table);
  }
  std::vector<TableSet> result;
  for (auto& [of, tables] : by_set) {
    std::ranges::stable_sort(tables, {}, [](const Table* table) { return table->key.train_size; });
    TableSet set{of.first, std::move(tables)};
    set.key.condition = set.tables.front()->key.condition;
    result.push_back(std::move(set));
  }
  return result;
}

std::string title_of(const TableSet& set) {
  Table shown;
  shown.key = set.key;
  return title(shown);
}

std::string size_text(const Key& key) {
  return key.train_size ? percent_text(*key.train_size) : "size unknown";
}

Section paper_section(const TableSet& set) {
  Section section{.title = title_of(set), .cells = {{"strategy"}}};
  std::set<std::string, StrategyOrder> strategies;
  std::set<std::string> captions;
  for (const Table* table : set.tables) {
    section.cells.front().push_back(size_text(table->key) + ": accuracy %");
    section.cells.front().emplace_back("saving %");
    captions.insert(table->captions.begin(), table->captions.end());
    for (const Line& line : table->lines) strategies.insert(line.strategy);
  }
  section.captions.assign(captions.begin(), captions.end());
  for (const std::string& strategy : strategies) {
    std::vector<std::string> row{printable(strategy, 40)};
    for (const Table* table : set.tables) {
      const auto line = std::ranges::find(table->lines, strategy, &Line::strategy);
      const bool there = line != table->lines.end();
      row.push_back(there ? with_spread(decimals(line->accuracy_pct.mean, 2), decimals(line->accuracy_pct.sd, 2)) : "-");
      row.push_back(there ? with_spread(decimals(line->saving.percent, 1), decimals(line->saving.U_percent, 1)) : "-");
    }
    section.cells.push_back(std::move(row));
  }
  return section;
}

}  // namespace tbft::results
