// Energy of a cell stacked by phase, mean over repetitions. Without traces there are only two parts: training and the rest.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "plots/gnuplot.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

// The parts from the bottom up. The rest is outside all phases; without a trace it is everything except training.
constexpr std::array<std::string_view, 5> phases{"train", "validate", "test", "load", "rest"};
constexpr std::array<std::string_view, 5> colours{"#3b0f70", "#2a788e", "#5ec962", "#f6d746", "#eeeeee"};

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

struct Panel {
  std::map<std::string, Sum, results::StrategyOrder> strategies;
  std::string note;
};

std::string panel_script(const results::Key& key, const Panel& panel, std::size_t index) {
  std::string bars, plot;
  for (const auto& [strategy, sum] : panel.strategies) {
    bars += in_quotes(strategy);
    for (const double J : sum.J) bars += fmt::format(" {}", J / sum.n);
    bars += '\n';
  }
  for (std::size_t i = 0; i < phases.size(); ++i) {
    plot += fmt::format("{}$e{} using {}{} linecolor rgb \"{}\" title \"{}\"", i == 0 ? "" : ", ", index, i + 2,
                        i == 0 ? ":xtic(1)" : "", colours[i], phases[i]);
  }
  return fmt::format("$e{} << EOD\n{}EOD\n", index, bars) + note_script(panel.note) +
         fmt::format("set title {}\nset ylabel \"energy of a cell / J, gross{}\"\nplot {}\n",
                     in_quotes(results::size_text(key) + " of the data for training"), panel.note.empty() ? "" : " (estimate)",
                     plot);
}

}  // namespace

std::vector<Figure> energy_phases(const FigureData& data) {
  std::map<results::Key, std::map<results::Key, Panel>> sets;
  for (const results::CellRow& row : data.inputs.cells) {
    if (row.status != "ok" || !row.gross_J) continue;
    results::Key set{row.dataset, row.drift, "", std::nullopt, row.protocol, row.board, row.network};
    results::Key size = set;
    size.train_size = row.train_size;
    const auto curve = data.curves.find({row.run_id, row.cell_id});
    Panel& panel = sets[set][size];
    panel.strategies[row.strategy].add(row,
                                       curve == data.curves.end() || curve->second.phase_J.empty() ? nullptr : &curve->second);
    if (const auto note = estimate_note(row); !note.empty()) panel.note = note;
  }
  std::vector<Figure> result;
  for (const auto& [key, sizes] : sets) {
    std::vector<std::string> panels;
    for (const auto& [size, panel] : sizes) panels.push_back(panel_script(size, panel, panels.size()));
    const results::TableSet set{key, {}};
    const std::string title = results::title_of(set);
    result.push_back(arrange({name_of("phases", set, result.size()), "Energy of a cell by phase: " + title, 560, 380,
                              "set style data histograms\nset style histogram rowstacked\n"
                              "set style fill solid border rgb \"black\"\nset boxwidth 0.7\nset xtics rotate by -30 scale 0\n"
                              "set yrange [0:*]\nset offsets 0, 0, graph 0.12, 0\nset grid ytics\nset key below samplen 2\n"},
                             title, panels));
  }
  return result;
}

}  // namespace tbft::plots
