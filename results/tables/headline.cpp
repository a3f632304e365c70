#include "results/tables/headline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "results/published/published.h"
#include "results/tables/table.h"
#include "results/text.h"

namespace tbft::results {

namespace {

std::optional<std::size_t> level_of(std::string_view drift) {
  const auto found = std::ranges::find(drift_levels, drift);
  if (found == drift_levels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - drift_levels.begin());
}

std::string size_text(const std::optional<double>& train_size) {
  return train_size ? percent_text(*train_size) : "no size";
}

HeadlineTable table_of(const Group& group, std::size_t level, const JoulesBasis& energy) {
  HeadlineTable table{.level = level, .dataset = group.key.dataset, .size = size_text(group.key.train_size)};
  table.network = fmt::format("{} {} {}", level, table.dataset, table.size);
  std::map<std::string, double> losses;
  for (const auto& [strategy, values] : group.strategies) {
    const bool costs = train_joules(group, strategy, energy).resolved;
    std::vector<double> known;
    for (const auto& [repetition, value] : values) {
      table.accuracy[strategy][repetition] = {value.accuracy_pct, value.images};
      known.push_back(value.val_loss);
      if (!costs) continue;
      table.cost[strategy][repetition] = (energy.basis == Basis::net ? value.net : value.gross).J;
    }
    losses[strategy] = std::accumulate(known.begin(), known.end(), 0.0) / static_cast<double>(known.size());
  }
  pick(table, losses);
  return table;
}

// Whether a data set is the paper's of its level, or stands in for it.
bool is_comparable(const Key& key) {
  const auto level = level_of(key.drift);
  const auto paper = paper_column(key.dataset, "", key.train_size, key.network);
  return level && paper && paper->table == paper_sets[*level];
}

// Rank of a data set: lower is closer to the paper's data of this level.
int distance(const std::string& dataset, std::size_t level) {
  return dataset == paper_sets[level] ? 0 : 1;
}

// The material of a headline: the cells of one origin.
struct Material {
  std::vector<HeadlineTable> tables;
  std::set<std::string> energy_captions;
  std::set<std::pair<Basis, bool>> energy_kinds;  // basis, estimate
  std::set<std::string> left_out, incomplete;
};

Material material_of(const std::map<Key, std::vector<Group>>& sets, const Origin& origin) {
  std::array<std::optional<std::pair<int, std::string>>, 3> chosen;
  const auto ours = [&](const Key& key) { return origin_of(key) == origin; };
  for (const auto& [key, members] : sets) {
    if (!ours(key)) continue;
    const std::size_t level = *level_of(key.drift);
    const std::pair<int, std::string> candidate{distance(key.dataset, level), key.dataset};
    if (!chosen[level] || candidate < *chosen[level]) chosen[level] = candidate;
  }
  Material material;
  for (const auto& [key, members] : sets) {
    if (!ours(key)) continue;
    const std::size_t level = *level_of(key.drift);
    if (key.dataset != chosen[level]->second) {
      material.left_out.insert(fmt::format("{} ({} drift)", printable(key.dataset, 40), drift_levels[level]));
      continue;
    }
    const Group group = pool(members, key);
    if (group.pooled < group.tables)
      material.incomplete.insert(fmt::format("{} of {} at {}", count_text(group.pooled, group.tables),
                                             printable(key.dataset, 40), size_text(key.train_size)));
    const JoulesBasis energy = energy_of(group);
    material.tables.push_back(table_of(group, level, energy));
    if (energy.basis == Basis::none) continue;
    material.energy_kinds.insert({energy.basis, energy.estimate});
    material.energy_captions.insert(energy.caption);
  }
  return material;
}

// The savings of a step of the paper's network for each level, with the block that was picked there.
std::vector<HeadlineTable> step_tables(std::span<const HeadlineTable> cells, std::span<const StepCostTable* const> steps) {
  std::vector<HeadlineTable> result;
  for (std::size_t level = 0; level < drift_levels.size(); ++level) {
    const std::string network = level == 1 ? "128px-17out" : "32px-10out";
    const auto step = std::ranges::find(steps, network, &StepCostTable::size);
    if (step == steps.end()) continue;
    HeadlineTable table{.level = level, .network = network};
    for (const auto& [strategy, line] : (*step)->lines) table.cost[strategy][0] = 100 - saving(**step, strategy);
    table.cost["full"][0] = 100;
    const std::size_t before = result.size();
    for (const HeadlineTable& cell : cells) {
      if (cell.level != level) continue;
      table.picked = cell.picked;
      result.push_back(table);
    }
    if (result.size() == before) result.push_back(table);
  }
  return result;
}

std::vector<std::string_view> levels_in(std::span<const HeadlineTable> tables) {
  std::vector<std::string_view> result;
  for (std::size_t level = 0; level < drift_levels.size(); ++level) {
    if (std::ranges::count(tables, level, &HeadlineTable::level) > 0) result.push_back(drift_levels[level]);
  }
  return result;
}

std::vector<HeadlineView> all_views(std::span<const HeadlineTable> tables) {
  std::vector<HeadlineView> views = accuracy_views(tables);
  std::ranges::move(saving_views(tables, "step_saving_pct"), std::back_inserter(views));
  return views;
}

// The paper's values of the same view. Its only saving is that of one step. Unknown where it has none.
HeadlineView find_view(std::span<const HeadlineView> views, const HeadlineView& like) {
  const bool points = like.quantity == "accuracy_points";
  for (const HeadlineView& view : views) {
    if (view.view == like.view && (view.quantity == "accuracy_points") == points) return view;
  }
  return {};
}

void add_lines(Headline& headline, std::span<const HeadlineTable> tables, std::vector<HeadlineView> views) {
  const std::vector<HeadlineView> whole = all_views(published_tables(drift_levels));
  const std::vector<HeadlineView> part = all_views(published_tables(levels_in(tables)));
  for (HeadlineView& view : views) {
    HeadlineLine line;
    line.paper = find_view(whole, view);
    line.paper_same_levels = find_view(part, view).mean;
    if (view.view == "target - block-avg")
      line.printed = find_published("headline", "mean", "tbft-minus-block-avg", "accuracy_points")->value;
    if (view.view == "block-avg") line.printed = find_published("headline", "mean", "block-avg", "energy_saving_pct")->value;
    line.measured = std::move(view);
    headline.lines.push_back(std::move(line));
  }
}

void add_notes_on_tables(Headline& headline, const Material& material) {
  std::set<std::string> stand_ins, sizes;
  std::size_t by_validation = 0, picked = 0, target = 0;
  std::size_t fewest = 0;
  bool images = true;
  for (const HeadlineTable& table : material.tables) {
    const std::string dataset = printable(table.dataset, 40);
    if (distance(table.dataset, table.level) > 0) stand_ins.insert(fmt::format("{} for {}", dataset, paper_sets[table.level]));
    sizes.insert(fmt::format("{} {}", dataset, table.size));
    if (table.picked.empty()) continue;
    ++picked;
    by_validation += table.by_validation;
    target += table.picked == target_of(table);
    const auto& scores = table.accuracy.at(table.picked);
    fewest = picked == 1 ? scores.size() : std::min(fewest, scores.size());
    images = images && std::ranges::all_of(scores, [](const auto& s) { return s.second.images != nullptr; });
  }
  headline.notes.push_back(
      fmt::format("accuracies from {} tables (the paper has 9): {}", material.tables.size(), fmt::join(sizes, ", ")));
  if (!material.incomplete.empty())
    headline.notes.push_back(
        fmt::format("conditions averaged, where cells of others are missing: {}", fmt::join(material.incomplete, ", ")));
  if (!stand_ins.empty()) headline.notes.push_back(fmt::format("stand-ins: {}", fmt::join(stand_ins, "; ")));
  if (!material.left_out.empty())
    headline.notes.push_back(
        fmt::format("left out, because another data set represents its level: {}", fmt::join(material.left_out, ", ")));
  if (picked == 0) return;
  headline.notes.push_back(
      fmt::format("picked: by validation loss in {} of {} tables, else by test accuracy; it is the target block in {} of {}",
                  by_validation, picked, target, picked));
  headline.notes.push_back(fmt::format("intervals: bootstrap over repetitions within each table ({} at least){}", fewest,
                                       images ? " and over test images" : "; the test images of some cells are unknown"));
}

// The latest step costs of a network on a board, by size. Rows of earlier versions do not name the network.
std::vector<const StepCostTable*> steps_of(std::span<const StepCostTable> step_costs, const std::string& board,
                                           const std::string& network) {
  std::map<std::string, const StepCostTable*> latest;
  for (const StepCostTable& table : step_costs) {
    const bool same_network = table.first.network.empty() || network.empty() || table.first.network == network;
    if (table.first.board != board || table.first.variant != "tbft" || !same_network) continue;
    const StepCostTable*& best = latest[table.size];
    if (best == nullptr || best->first.started_utc <= table.first.started_utc) best = &table;
  }
  std::vector<const StepCostTable*> result;
  for (const auto& [size, table] : latest) {
    if (table->lines.contains("block-avg")) result.push_back(table);
  }
  return result;
}

void add_steps(Headline& headline, std::span<const HeadlineTable> cells, std::span<const StepCostTable* const> steps) {
  const std::vector<HeadlineTable> tables = step_tables(cells, steps);
  if (tables.empty()) return;
  add_lines(headline, tables, saving_views(tables, "step_saving_pct"));
  for (const StepCostTable* step : steps)
    headline.notes.push_back(fmt::format("step saving at {}: of {}", step->size, to_string(step->basis)));
}

}  // namespace

std::vector<Headline> headlines(std::span<const Group> groups, std::span<const StepCostTable> step_costs) {
  std::map<Key, std::vector<Group>> sets = over_conditions(groups);
  std::erase_if(sets, [](const auto& set) { return !is_comparable(set.first); });
  std::set<Origin> origins;
  for (const auto& [key, members] : sets) {
    if (std::ranges::any_of(members, [](const Group& group) { return group.strategies.contains("block-avg"); }))
      origins.insert(origin_of(key));
  }
  std::set<std::pair<std::string, std::string>> steps_left;  // of boards and networks
  for (const StepCostTable& table : step_costs) {
    if (is_papers_network(table.first.network)) steps_left.insert({table.first.board, table.first.network});
  }
  std::vector<Headline> result;
  const auto add = [&](Headline headline) {
    if (!headline.lines.empty()) result.push_back(std::move(headline));
  };
  for (const Origin& origin : origins) {
    Headline headline{origin.protocol, origin.board, origin.network, origin.point, {}, {}, {}};
    const Material material = material_of(sets, origin);
    add_lines(headline, material.tables, accuracy_views(material.tables));
    const auto levels = levels_in(material.tables);
    for (const std::string_view level : drift_levels) {
      if (std::ranges::find(levels, level) == levels.end()) headline.missing_levels.emplace_back(level);
    }
    add_notes_on_tables(headline, material);
    if (material.energy_kinds.size() == 1) {
      add_lines(headline, material.tables, saving_views(material.tables, "training_saving_pct"));
      headline.notes.push_back(fmt::format("training saving: {}; the paper's is that of one step on one image",
                                           fmt::join(material.energy_captions, "; ")));
    } else if (material.energy_kinds.size() > 1) {
      headline.notes.emplace_back(
          "training saving left out: net and gross, or measured and estimated joules, are not averaged");
    }
    add_steps(headline, material.tables, steps_of(step_costs, origin.board, origin.network));
    std::erase_if(steps_left, [&](const auto& left) {
      return left.first == origin.board && (left.second.empty() || origin.network.empty() || left.second == origin.network);
    });
    add(std::move(headline));
  }
  for (const auto& [board, network] : steps_left) {
    Headline headline{"", board, network, "", {}, {drift_levels.begin(), drift_levels.end()}, {}};
    add_steps(headline, {}, steps_of(step_costs, board, network));
    add(std::move(headline));
  }
  return result;
}

Section section_of(const Headline& headline) {
  Section section{.title = "the paper's headline recomputed",
                  .origin = origin_text({headline.protocol, headline.board, headline.network, headline.point})};
  if (headline.missing_levels.size() == drift_levels.size()) {
    section.captions.emplace_back("no accuracies: only savings of a step");
  } else if (!headline.missing_levels.empty()) {
    section.captions.push_back(
        fmt::format("no accuracies of {} drift: this is a headline of {} of the 3 levels, not the paper's",
                    fmt::join(headline.missing_levels, " and "), 3 - headline.missing_levels.size()));
  }
  section.cells.push_back({"mean over tables", "input", "feature", "output", "mean", "95 % interval", "printed"});
  section.least_needed = {6};
  using Name = std::pair<std::string_view, std::string_view>;
  constexpr std::array names{Name{"accuracy_points", "points"}, Name{"training_saving_pct", "training saving %"},
                             Name{"step_saving_pct", "step saving %"}};
  for (const HeadlineLine& line : headline.lines) {
    const auto* name = std::ranges::find(names, line.measured.quantity, &Name::first);
    const int digits = line.measured.quantity == "accuracy_points" ? 2 : 1;
    const auto row = [&](std::string label, const HeadlineView& view, int places, const std::string& printed) {
      section.cells.push_back({std::move(label), decimals(view.level[0], places), decimals(view.level[1], places),
                               decimals(view.level[2], places), decimals(view.mean, 2),
                               interval_text(view.interval.low, view.interval.high, 2), printed});
    };
    row(fmt::format("{}, {}", line.measured.view, name->second), line.measured, digits, "-");
    row("  paper", line.paper, digits, decimals(line.printed, 2));
    if (line.paper_same_levels != line.paper.mean) {
      HeadlineView same;
      same.mean = line.paper_same_levels;
      row("  paper, these levels", same, digits, "-");
    }
  }
  section.lines = headline.notes;
  return section;
}

}  // namespace tbft::results
