#include "results/tables/winner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>

#include "results/text.h"

namespace tbft::results {

namespace {

bool ties(const Statistics& best, const Statistics& other) {
  if (std::isnan(best.low) || std::isnan(other.low)) return best.mean == other.mean;
  return other.high >= best.low;
}

Winner winner_of(std::span<const Group> groups, const Key& key) {
  const Group group = pool(groups, key);
  Winner winner{.key = key, .tables = groups.size(), .energy = energy_of(group)};
  if (const auto paper = paper_column(key.dataset, key.drift, key.condition, key.train_size)) {
    winner.paper_table = paper->table;
    winner.paper_strategy = paper_winner(paper->table);
    winner.same_data = paper->table == key.dataset;
  }
  std::map<std::string, Statistics> blocks;
  const std::vector<std::string> names = blocks_among(group.strategies);
  for (const std::string& block : names) {
    blocks[block] = accuracy(group, block);
    if (blocks[block].n == 0) winner.missing.push_back(block);
  }
  if (!winner.missing.empty()) return winner;
  winner.strategy = best_block(names, [&](const std::string& block) { return blocks[block].mean; });
  winner.accuracy_pct = blocks[winner.strategy];
  for (const auto& [block, result] : blocks) {
    if (block != winner.strategy && ties(winner.accuracy_pct, result)) winner.near_ties.push_back(block);
  }
  winner.block_avg_pct = accuracy(group, "block-avg");
  winner.full_pct = accuracy(group, "full");
  winner.train = train_joules(group, winner.strategy, winner.energy);
  winner.full_train = train_joules(group, "full", winner.energy);
  return winner;
}

std::string joules_text(const Winner& winner) {
  if (!winner.train.resolved) return {};
  std::string text = fmt::format(", {} J", significant(winner.train.spread.mean, 3));
  if (winner.full_train.resolved) text += fmt::format(" against {} J for full", significant(winner.full_train.spread.mean, 3));
  if (winner.energy.estimate) text += " (not measured)";
  return text;
}

}  // namespace

std::string paper_winner(std::string_view table) {
  return best_block({block_names.begin(), block_names.end()}, [&](const std::string& block) {
    double sum = 0;
    for (const Published& p : published()) {
      if (p.table == table && p.strategy == block && p.metric == "accuracy_pct") sum += p.value;
    }
    return sum;
  });
}

std::map<Key, std::vector<Group>> by_level(std::span<const Group> groups) {
  std::map<Key, std::vector<Group>> levels;
  for (const Group& group : groups) {
    const std::string& drift = group.key.drift;
    if (drift != "input" && drift != "feature" && drift != "output") continue;
    Key key = group.key;
    key.condition.clear();
    key.train_size.reset();
    levels[key].push_back(group);
  }
  return levels;
}

std::vector<Winner> winners(std::span<const Group> groups) {
  const std::map<Key, std::vector<Group>> levels = by_level(groups);
  std::vector<Winner> result;
  result.reserve(levels.size());
  for (const auto& [key, members] : levels) result.push_back(winner_of(members, key));
  return result;
}

std::string to_line(const Winner& winner, bool with_data) {
  std::string text = printable(winner.key.drift) + " drift";
  if (with_data) text = comma_list({text, winner.key.dataset, winner.key.protocol, winner.key.board, winner.key.network});
  if (winner.strategy.empty()) return fmt::format("{}: no winner yet, no result of {}", text, fmt::join(winner.missing, ", "));
  text += fmt::format(": {} won with {} % (block-avg {} %", winner.strategy, decimals(winner.accuracy_pct.mean, 1),
                      decimals(winner.block_avg_pct.mean, 1));
  if (winner.full_pct.n > 0) text += fmt::format(", full {} %", decimals(winner.full_pct.mean, 1));
  text += ")" + joules_text(winner);
  if (!winner.near_ties.empty()) {
    const char* why = winner.accuracy_pct.n > 1 ? "intervals overlap" : "same accuracy";
    text += fmt::format("; near tie with {} ({})", fmt::join(winner.near_ties, ", "), why);
  }
  if (winner.accuracy_pct.n == 1) text += "; one repetition, so no interval";
  if (winner.tables > 1) text += fmt::format("; mean of {} tables", winner.tables);
  if (!winner.paper_strategy.empty()) {
    const std::string of = winner.same_data ? "" : fmt::format(" ({})", winner.paper_table);
    text += fmt::format("; paper{}: {}", of, winner.paper_strategy);
  }
  return text;
}

}  // namespace tbft::results
