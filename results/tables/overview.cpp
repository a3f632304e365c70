#include "results/tables/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "results/text.h"

namespace tbft::results {

namespace {

// "input", and with the data set where several of this overview have a drift of that level.
std::string label_of(const Overview& overview, const Table& level) {
  const std::string drift = level.key.drift.empty() ? "no drift" : printable(level.key.drift, 40);
  const auto same = [&](const Table& other) { return other.key.drift == level.key.drift; };
  return std::ranges::count_if(overview.levels, same) > 1 ? comma_list({drift, level.key.dataset}, 40) : drift;
}

// The captions of the levels: once where all have the same, otherwise each with the level's name.
std::vector<std::string> captions_of(const Overview& overview) {
  const auto& first = overview.levels.front().captions;
  if (std::ranges::all_of(overview.levels, [&](const Table& level) { return level.captions == first; })) return first;
  std::vector<std::string> captions;
  for (const Table& level : overview.levels) {
    for (const std::string& caption : level.captions)
      captions.push_back(fmt::format("{}: {}", label_of(overview, level), caption));
  }
  return captions;
}

std::vector<std::string> cells_of(const Table& level, const std::string& strategy, bool joules) {
  const Line* line = find_line(level, strategy);
  if (line == nullptr) return std::vector<std::string>(joules ? 3 : 1, "-");
  std::vector<std::string> cells{decimals(line->accuracy_pct.mean, 1) + std::string(mark(level, strategy))};
  if (!joules) return cells;
  cells.push_back(significant(line->train.spread.mean, 3));
  cells.push_back(decimals(line->saving.percent, 1));
  return cells;
}

}  // namespace

std::vector<Overview> overviews(std::span<const Group> groups) {
  std::map<Origin, Overview> result;
  for (const auto& [key, members] : by_level(groups)) {
    Overview& overview = result[origin_of(key)];
    overview.origin = origin_of(key);
    overview.single = overview.levels.empty() && members.size() == 1;
    overview.levels.push_back(make_table(pool(members, key)));
  }
  std::vector<Overview> list;
  list.reserve(result.size());
  for (auto& [origin, overview] : result) list.push_back(std::move(overview));
  return list;
}

Section section_of(const Overview& overview) {
  Section section{.title = "Summary", .origin = origin_text(overview.origin)};
  if (overview.single) return section;
  const auto& levels = overview.levels;
  const bool joules = std::ranges::any_of(levels, [](const Table& level) { return level.energy.basis != Basis::none; });
  section.captions = captions_of(overview);
  section.captions.emplace_back("means over conditions and training sizes; saving: training joules saved against full");
  section.columns_together = joules ? 3 : 1;
  section.cells.push_back({"strategy"});
  std::set<std::string, StrategyOrder> strategies;
  for (const Table& level : levels) {
    const std::string label = label_of(overview, level);
    section.cells.front().push_back(label + ": accuracy %");
    if (joules) {
      section.cells.front().push_back(label + ": train J");
      section.cells.front().push_back(label + ": saving %");
    }
    for (const Line& line : level.lines) strategies.insert(line.strategy);
  }
  for (const std::string& strategy : strategies) {
    std::vector<std::string> row{printable(strategy, 40)};
    for (const Table& level : levels) {
      for (std::size_t i = 0; mark(level, strategy) == " *" && i < section.columns_together; ++i)
        section.winners.emplace_back(section.cells.size(), row.size() + i);
      for (std::string& cell : cells_of(level, strategy, joules)) row.push_back(std::move(cell));
    }
    section.cells.push_back(std::move(row));
  }
  section.lines.emplace_back(marks_text);
  return section;
}

}  // namespace tbft::results
