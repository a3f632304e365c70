#include "results/reproduction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "results/text.h"

namespace tbft::results {

namespace {

constexpr std::array<std::string_view, 5> paper_tables{"cifar10-c", "living17", "cifar-flip", "block-noise", "system-cost"};

std::string_view metric_of(std::string_view table) {
  return table == "system-cost" ? "energy_saving_pct" : "accuracy_pct";
}

// The tables in the paper's order.
std::vector<std::string> columns_of(std::string_view table) {
  std::vector<std::string> result;
  for (const Published& p : published()) {
    if (p.table == table && std::find(result.begin(), result.end(), p.condition) == result.end()) result.push_back(p.condition);
  }
  return result;
}

// Ranks from 1; equal values share their mean rank.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<double> result;
  for (const double value : values) {
    const auto below = std::ranges::count_if(values, [&](double other) { return other < value; });
    const auto equal = std::ranges::count(values, value);
    result.push_back(static_cast<double>(below) + (static_cast<double>(equal) + 1) / 2);
  }
  return result;
}

// Pearson's correlation of the ranks; unknown where one side is constant.
double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = (static_cast<double>(a.size()) + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : unknown;
}

void compare_blocks(ComparedColumn& column) {
  std::vector<double> measured, paper;
  for (const std::string_view block : block_names) {
    const auto cell = std::ranges::find(column.cells, block, &ComparedCell::strategy);
    if (cell == column.cells.end() || std::isnan(cell->difference())) return;
    measured.push_back(cell->measured);
    paper.push_back(cell->paper);
  }
  const auto best = [](const std::vector<double>& values) {
    return std::string(block_names.at(static_cast<std::size_t>(std::ranges::max_element(values) - values.begin())));
  };
  column.spearman = spearman(measured, paper);
  column.same_order = ranks(measured) == ranks(paper);
  column.best = best(measured);
  column.paper_best = best(paper);
}

using Measured = std::map<std::string, ComparedCell, StrategyOrder>;  // by strategy; paper not yet filled in

// The column with the paper's strategies, none and bn-stats, and all other measured strategies.
ComparedColumn column_of(std::string_view table, const std::string& name, Measured measured) {
  for (const char* baseline : {"none", "bn-stats"}) measured[baseline];
  for (const Published& p : published()) {
    if (p.table == table && p.condition == name && p.metric == metric_of(table)) measured[p.strategy].paper = p.value;
  }
  ComparedColumn column;
  column.name = name;
  for (auto& [strategy, cell] : measured) {
    cell.strategy = strategy;
    column.cells.push_back(cell);
  }
  compare_blocks(column);
  return column;
}

ComparedTable table_of(std::string_view name, const std::map<std::string, Measured>& by_column) {
  ComparedTable table;
  table.paper_table = name;
  for (const std::string& column : columns_of(name)) {
    const auto found = by_column.find(column);
    table.columns.push_back(column_of(name, column, found == by_column.end() ? Measured() : found->second));
  }
  return table;
}

Measured accuracies(const Table& table) {
  Measured result;
  for (const Line& line : table.lines) {
    ComparedCell& cell = result[line.strategy];
    cell.measured = line.accuracy_pct.mean;
    cell.interval = {line.accuracy_pct.low, line.accuracy_pct.high};
  }
  return result;
}

std::string data_text(const std::string& dataset, std::string_view same_as) {
  const std::string name = dataset.empty() ? "data of unknown name" : printable(dataset, 40);
  return dataset == same_as ? name : fmt::format("{}, a stand-in for {}", name, same_as);
}

// Joules are not compared here, but the caption says what kind of joules the table has.
void add_caption(ComparedTable& table, const std::string& caption) {
  const bool known = std::ranges::find(table.captions, caption) != table.captions.end();
  if (!caption.empty() && !known) table.captions.push_back(caption);
}

std::vector<ComparedTable> accuracy_tables(std::span<const Group> groups) {
  struct Found {
    std::map<std::string, Measured> columns;
    std::set<std::string> energies, other_sizes, conditions;
  };
  std::map<std::tuple<std::size_t, std::string, std::string, Origin>, Found> found;  // by table, data set, drift, origin
  for (const auto& [key, members] : over_conditions(groups)) {
    const auto paper = paper_column(key.dataset, "", key.train_size, key.network);
    if (!paper) continue;
    const auto at = static_cast<std::size_t>(std::ranges::find(paper_tables, paper->table) - paper_tables.begin());
    Found& of = found[{at, key.dataset, key.drift, origin_of(key)}];
    const Group mean = pool(members, key);
    const Table table = make_table(mean);
    if (!table.energy.caption.empty()) of.energies.insert(table.energy.caption);
    of.conditions.insert(count_text(mean.pooled, mean.tables));
    if (paper->condition.empty()) {
      of.other_sizes.insert(key.train_size ? percent_text(*key.train_size) : "no size");
    } else {
      of.columns[paper->condition] = accuracies(table);
    }
  }
  std::vector<ComparedTable> result;
  for (const auto& [of_data, of] : found) {
    const auto& [at, dataset, drift, origin] = of_data;
    ComparedTable table = table_of(paper_tables.at(at), of.columns);
    table.data = data_text(dataset, paper_tables.at(at));
    table.protocol = origin.protocol;
    table.board = origin.board;
    table.network = origin.network;
    table.point = origin.point;
    if (at == 0)
      add_caption(table, fmt::format("mean over {} conditions (the paper: 15 corruptions)", fmt::join(of.conditions, " or ")));
    for (const std::string& energy : of.energies) add_caption(table, energy);
    if (!of.other_sizes.empty()) {
      add_caption(table, fmt::format("measured at training sizes that the paper does not have, and left out here: {}",
                                     fmt::join(of.other_sizes, ", ")));
    }
    result.push_back(std::move(table));
  }
  return result;
}

std::vector<ComparedTable> noise_tables(std::span<const BlockNoise> matrices) {
  std::vector<ComparedTable> result;
  for (const BlockNoise& noise : matrices) {
    std::map<std::string, Measured> columns;
    for (std::size_t i = 0; i < noise.blocks.size(); ++i) {
      if (noise.noised[i]) columns[fmt::format("noise@{}", noise.blocks[i])] = accuracies(*noise.noised[i]);
    }
    ComparedTable table = table_of("block-noise", columns);
    table.data = data_text(noise.key.dataset, "cifar10");
    table.protocol = noise.key.protocol;
    table.board = noise.key.board;
    table.network = noise.key.network;
    table.point = noise.key.point;
    for (const auto& column : noise.noised) {
      if (column) add_caption(table, column->energy.caption);
    }
    if (noise.key.train_size)
      add_caption(table, fmt::format("tuned on {} of the training images", percent_text(*noise.key.train_size)));
    const Diagonal counted = diagonal(noise);
    add_caption(table,
                fmt::format("the noised block itself is the best one to tune in {} of {} columns", counted.best, counted.of));
    result.push_back(std::move(table));
  }
  return result;
}

std::vector<ComparedTable> step_tables(std::span<const StepCostTable> steps) {
  using Setup = std::tuple<std::string, std::string, std::optional<std::int64_t>, std::string, std::string, std::string>;
  std::map<Setup, std::map<std::string, const StepCostTable*>>
      runs;  // by board, network, threads, backend, layout, variant; by size
  for (const StepCostTable& step : steps) {
    const StepCostRow& row = step.first;
    const StepCostTable*& latest = runs[{row.board, row.network, row.threads, row.backend, row.layout, row.variant}][step.size];
    if (latest == nullptr || latest->first.started_utc <= row.started_utc) latest = &step;
  }
  std::vector<ComparedTable> result;
  for (const auto& [setup, sizes] : runs) {
    std::map<std::string, Measured> columns;
    for (const auto& [size, step] : sizes) {
      for (const auto& [strategy, line] : step->lines) {
        ComparedCell& cell = columns[size][strategy];
        cell.measured = saving(*step, strategy);
        if (step->basis == StepBasis::time && strategy != "full") cell.interval = line.saving_time_interval;
      }
    }
    ComparedTable table = table_of("system-cost", columns);
    table.data = fmt::format("one step of one random image, variant {}", std::get<5>(setup));
    const StepCostRow& row = sizes.begin()->second->first;
    table.board = row.board;
    table.network = row.network;
    if (row.threads || !row.backend.empty()) {
      add_caption(table, fmt::format("threads {}, {} {}", row.threads ? std::to_string(*row.threads) : "unknown",
                                     printable(row.backend, 40), printable(row.layout, 40)));
    }
    for (const auto& [size, step] : sizes) {
      const std::string joules = step->measured ? "joules measured" : "joules not measured: an estimate, or none";
      add_caption(table, fmt::format("{}: savings of {}; {}, {}", size, to_string(step->basis), joules,
                                     printable(step->first.meter, 80)));
    }
    result.push_back(std::move(table));
  }
  return result;
}

}  // namespace

Agreement agreement(const ComparedTable& table) {
  Agreement result;
  for (const ComparedColumn& column : table.columns) {
    for (const ComparedCell& cell : column.cells) {
      if (std::isnan(cell.paper) || cell.strategy == "block-avg") continue;
      ++result.published;
      if (std::isnan(cell.measured)) continue;
      ++result.compared;
      if (std::abs(cell.difference()) <= close_points) ++result.close;
    }
    if (column.best.empty()) continue;
    ++result.columns;
    if (column.same_order) ++result.same_order;
    if (column.best == column.paper_best) ++result.same_best;
  }
  return result;
}

std::string verdict(const ComparedTable& table) {
  const Agreement of = agreement(table);
  if (of.compared == 0) return "not measured";
  std::vector<std::string> parts;
  const auto columns = [&](std::string_view what, std::size_t agree) {
    return agree == of.columns ? fmt::format("{} agrees", what)
                               : fmt::format("{} agrees in {} of {} columns", what, agree, of.columns);
  };
  if (of.columns > 0) {
    parts.push_back(columns("order", of.same_order));
    if (of.same_order < of.columns) {
      std::vector<std::string> known;
      for (const ComparedColumn& column : table.columns) {
        if (!column.best.empty()) known.push_back(decimals(column.spearman, 2));
      }
      parts.back() += fmt::format(" (Spearman {})", fmt::join(known, ", "));
    }
    parts.push_back(columns("best block", of.same_best));
  } else {
    parts.emplace_back("no column has all four blocks");
  }
  parts.push_back(fmt::format("{} of {} cells within {:g} points", of.close, of.compared, close_points));
  if (of.compared < of.published)
    parts.push_back(fmt::format("{} of the paper's {} not measured", of.published - of.compared, of.published));
  return fmt::format("{}", fmt::join(parts, "; "));
}

Reproduction reproduce(const Inputs& inputs, std::vector<Missing> missing) {
  std::vector<Group> groups = group_rows(inputs.cells, inputs.correctness);
  const std::vector<BlockNoise> noise = block_noise(groups);
  std::erase_if(groups, [](const Group& group) { return is_block_noise(group.key); });
  const std::vector<StepCostTable> steps = step_cost_tables(inputs.step_costs);
  Reproduction result;
  std::vector<ComparedTable> found = accuracy_tables(groups);
  for (auto& tables : {noise_tables(noise), step_tables(steps)}) found.insert(found.end(), tables.begin(), tables.end());
  for (const std::string_view name : paper_tables) {
    const auto is_it = [&](const ComparedTable& table) { return table.paper_table == name; };
    std::ranges::copy_if(found, std::back_inserter(result.tables), is_it);
    if (std::ranges::none_of(found, is_it)) result.tables.push_back(table_of(name, {}));
  }
  result.headlines = headlines(groups, steps);
  result.missing = std::move(missing);
  return result;
}

}  // namespace tbft::results
