#include "plots/joules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "plots/style.h"
#include "results/tables/block_noise.h"

namespace tbft::plots {

namespace {

// Empty for `measured`.
std::string_view word_of(JoulesKind kind) {
  constexpr std::array<std::string_view, 4> words{"", "not recorded whether measured", "replayed", "estimated"};
  return words.at(static_cast<std::size_t>(kind));
}

}  // namespace

JoulesKind joules_kind(const results::Table& table) {
  using Kind = JoulesKind;
  if (!table.energy.estimate || table.energy.basis == results::Basis::none) return Kind::measured;
  const auto all = [&](auto holds) { return std::ranges::all_of(table.sources, holds); };
  if (all([](const results::Source& source) { return !source.measured; })) return Kind::unrecorded;
  return all([](const results::Source& source) { return source.meter.starts_with("replay:"); }) ? Kind::replayed
                                                                                                : Kind::estimated;
}

JoulesKind joules_kind(const results::CellRow& row) {
  if (!row.measured) return JoulesKind::unrecorded;
  if (*row.measured == 1) return JoulesKind::measured;
  return row.meter.starts_with("replay:") ? JoulesKind::replayed : JoulesKind::estimated;
}

std::string with_kind(JoulesKind kind, std::string_view text) {
  const bool named = kind == JoulesKind::replayed || kind == JoulesKind::estimated;
  return named ? fmt::format("{} {}", word_of(kind), text) : std::string(text);
}

std::string joules_label(JoulesKind kind, results::Basis basis) {
  const auto name = results::to_string(basis);
  return with_kind(kind, fmt::format("training energy / J{}{}", name.empty() ? "" : ", ", name));
}

std::string words_of(const std::set<JoulesKind>& kinds) {
  if (kinds.size() == 1) return std::string(word_of(*kinds.begin()));
  std::vector<std::string> parts;
  for (const JoulesKind kind : kinds) {
    if (kind != JoulesKind::measured) parts.push_back(fmt::format("partly {}", word_of(kind)));
  }
  return fmt::to_string(fmt::join(parts, ", "));
}

std::string kinds_note(const std::set<JoulesKind>& kinds, std::string_view what, std::string_view where) {
  const std::string words = words_of(kinds);
  if (words.empty()) return "";
  if (kinds.size() > 1) return fmt::format("{} {}, see the {}", what, words, where);
  if (kinds.contains(JoulesKind::unrecorded)) return fmt::format("{}: {}", what, words);
  return fmt::format("{} {}, not measured", what, words);
}

SavingSpread::SavingSpread(const FigureData& data, const std::vector<results::TableSet>& sets) {
  std::vector<results::Group> all = results::group_rows(data.inputs.cells);
  std::erase_if(all, [](const results::Group& group) { return results::is_block_noise(group.key); });
  const auto by_condition = results::over_conditions(all);
  for (results::Group& group : all) groups_.emplace(group.key, std::move(group));
  for (const results::TableSet& set : sets) {
    for (const results::Table* table : set.tables) {
      results::Key key = table->key;
      key.condition.clear();
      const auto members = by_condition.find(key);
      if (table->tables > 1 && members != by_condition.end())
        groups_.insert_or_assign(table->key, results::pool(members->second, table->key));
    }
  }
}

double SavingSpread::half_width(const results::Table& table, const results::Line& line) const {
  return std::max(or_zero(line.saving.U_percent), or_zero(standard_deviation(table, line.strategy)));
}

double SavingSpread::standard_deviation(const results::Table& table, const std::string& strategy) const {
  const auto group = groups_.find(table.key);
  if (group == groups_.end() || table.energy.basis == results::Basis::none) return results::unknown;
  const auto& by_strategy = group->second.strategies;
  const auto own = by_strategy.find(strategy), full = by_strategy.find("full");
  if (own == by_strategy.end() || full == by_strategy.end()) return results::unknown;
  std::vector<double> savings_pct;
  for (const auto& [repetition, value] : own->second) {
    const auto whole = full->second.find(repetition);
    if (whole == full->second.end()) continue;
    const double J = results::joules_of(value, table.energy.basis).J;
    const double full_J = results::joules_of(whole->second, table.energy.basis).J;
    if (std::isfinite(J) && full_J > 0) savings_pct.push_back(100 * (1 - J / full_J));
  }
  return results::statistics(savings_pct).sd;
}

}  // namespace tbft::plots
