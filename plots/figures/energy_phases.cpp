// Energy of a cell by phase as stacked horizontal bars, mean over repetitions. Without traces there are only two parts:
// training and the rest.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

// The parts from the bottom up. The rest is outside all phases; without a trace it is everything except training.
constexpr std::array<std::string_view, 5> phases{"train", "validate", "test", "load", "rest"};
constexpr std::array<std::string_view, 5> colours{blue, orange, teal, purple, grey};
// Neighbours differ in lightness, too, for greyscale.
constexpr std::array<double, 5> opacities{0.9, 0.45, 0.9, 0.9, 0.3};

struct Sum {
  std::array<double, phases.size()> J{};
  double n = 0;
  void add(const results::CellRow& row, const results::PowerCurve* curve) {
    double rest_J = *row.gross_J;
    const std::map<std::string, double> training{{"train", row.train_gross_J.value_or(0)}};
    const auto& parts_J = curve != nullptr ? curve->phase_J : training;
    for (std::size_t i = 0; i + 1 < phases.size(); ++i) {
      const auto found = parts_J.find(std::string(phases[i]));
      const double phase_J = found == parts_J.end() ? 0 : found->second;
      J[i] += phase_J;
      rest_J -= phase_J;
    }
    J.back() += std::max(0.0, rest_J);
    ++n;
  }
};

using Sums = std::map<std::string, Sum, results::StrategyOrder>;  // by strategy

// The bars of one panel, all of one kind of joules: measured and estimated ones have no common mean.
struct Bars {
  JoulesKind kind = JoulesKind::measured;
  Sums sums;
};
using Sizes = std::map<results::Key, Bars>;  // by training size

std::vector<std::string> names_of(const Sizes& sizes) {
  std::set<std::string, results::StrategyOrder> names;
  for (const auto& [size, bars] : sizes) {
    for (const auto& [strategy, sum] : bars.sums) names.insert(strategy);
  }
  return {names.begin(), names.end()};
}

Axis common_axis(const Sizes& sizes) {
  double most_J = 1e-6;
  for (const auto& [size, bars] : sizes) {
    for (const auto& [strategy, sum] : bars.sums) {
      double J = 0;
      for (const double part_J : sum.J) J += std::max(0.0, part_J) / sum.n;
      most_J = std::max(most_J, J);
    }
  }
  return axis_of(0, most_J, 0, std::nullopt);
}

// The phases that have joules.
std::vector<LegendItem> legend_of(const Sizes& sizes) {
  std::vector<LegendItem> items;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const bool present = std::ranges::any_of(sizes, [&](const auto& size) {
      return std::ranges::any_of(size.second.sums, [&](const auto& strategy) { return strategy.second.J[i] > 0; });
    });
    if (present) items.push_back({std::string(phases[i]), colours[i], 0, opacities[i]});
  }
  return items;
}

Panel panel_of(const results::Key& key, const Bars& bars, std::span<const std::string> names, const Axis& axis,
               const Frame& frame) {
  std::array<std::string, phases.size()> boxes;  // "from to row" of each phase
  for (std::size_t row = 0; row < names.size(); ++row) {
    const auto found = bars.sums.find(names[row]);
    if (found == bars.sums.end()) continue;
    double from_J = 0;
    for (std::size_t i = 0; i < phases.size(); ++i) {
      const double to_J = from_J + std::max(0.0, found->second.J[i]) / found->second.n;
      if (to_J > from_J) boxes[i] += fmt::format("{} {} {}\n", from_J, to_J, row);
      from_J = to_J;
    }
  }
  std::string blocks, plot;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    if (boxes[i].empty()) continue;
    blocks += fmt::format("$e{} << EOD\n{}EOD\n", i, boxes[i]);
    plot += fmt::format(
        "{}$e{} using 2:3:1:2:($3-0.32):($3+0.32) with boxxyerror fillstyle solid {} noborder linecolor rgb \"{}\" notitle",
        plot.empty() ? "" : ", ", i, opacities[i], colours[i]);
  }
  return {size_title(key), blocks + rows_script(names) +
                               x_axis_script(axis, with_kind(bars.kind, "energy of a cell / J, gross"), frame) + "plot " +
                               (plot.empty() ? "NaN notitle" : plot) + "\n"};
}

// The figure of one set of cells: its panels by training size, and how many cells none of them shows.
struct Set {
  Sizes sizes;
  double left_out = 0;
};

// What cells share whose joules have a common mean: kind and scope. A panel shows the first, measured before others.
using Alike = std::pair<JoulesKind, std::string>;
// The cells of a strategy with a trace, which tells phases apart, and those without one. They have no common mean either.
struct ByTrace {
  Sum with, without;
  const Sum& shown() const { return with.n > 0 ? with : without; }
};

std::map<results::Key, Set> sets_of(const FigureData& data) {
  std::map<results::Key, std::map<results::Key, std::map<Alike, std::map<std::string, ByTrace>>>> all;
  std::map<results::Key, Set> sets;
  for (const auto& [table, kept] : results::kept_rows(data.inputs.cells)) {
    results::Key size = table;
    size.condition.clear();
    results::Key set = size;
    set.train_size.reset();
    for (const auto& [cell, row] : kept.last) {
      if (row->status != "ok" || !row->gross_J) continue;
      // Training joules that are unknown would count as the rest, as would those that a trace lacks.
      if (!row->train_gross_J && row->steps.value_or(0) > 0) {
        ++sets[set].left_out;
        continue;
      }
      const auto curve = data.curves.find({row->run_id, row->cell_id});
      const bool traced = curve != data.curves.end() && !curve->second.phase_J.empty() &&
                          (!row->train_gross_J || curve->second.phase_J.contains("train"));
      ByTrace& cells = all[set][size][{joules_kind(*row), row->meter_scope}][row->strategy];
      (traced ? cells.with : cells.without).add(*row, traced ? &curve->second : nullptr);
    }
  }
  for (const auto& [key, sizes] : all) {
    for (const auto& [size, by_kind] : sizes) {
      const auto& [alike, strategies] = *by_kind.begin();
      Bars& bars = sets[key].sizes[size];
      bars.kind = alike.first;
      for (const auto& [strategy, cells] : strategies) bars.sums[strategy] = cells.shown();
      for (const auto& [other, by_strategy] : by_kind) {
        for (const auto& [strategy, cells] : by_strategy)
          sets[key].left_out += cells.with.n + cells.without.n - (other == alike ? cells.shown().n : 0);
      }
    }
  }
  return sets;
}

}  // namespace

std::vector<Figure> energy_phases(const FigureData& data) {
  std::vector<Figure> result;
  for (const auto& [key, set] : sets_of(data)) {
    if (set.sizes.empty()) continue;
    const std::vector<std::string> names = names_of(set.sizes);
    std::set<JoulesKind> kinds;
    for (const auto& [size, bars] : set.sizes) kinds.insert(bars.kind);
    Figure figure{name_of("phases", {key, {}}, result.size()),
                  "Energy of a cell by phase: " + subject_of(key),
                  subtitle_of(key, kinds_note(kinds)),
                  rows_frame(names, set.sizes.size()),
                  {}};
    if (set.left_out > 0)
      add_sentence(figure.subtitle,
                   fmt::format("{} left out: unknown training joules, or joules of another kind, meter scope or without trace",
                               results::counted(static_cast<std::size_t>(set.left_out), "cell")));
    figure.frame.top = 24;
    figure.frame.height -= 14;
    const std::string legend = add_legend(figure.frame, legend_of(set.sizes));
    const Axis axis = common_axis(set.sizes);
    for (const auto& [size, bars] : set.sizes) {
      figure.panels.push_back(panel_of(size, bars, names, axis, figure.frame));
      figure.panels.back().script = legend + figure.panels.back().script;
    }
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
