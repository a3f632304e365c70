// Training energy saved against full tuning, by strategy and training size, beside the paper's savings.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "plots/gnuplot.h"
#include "plots/style.h"
#include "results/tables/block_noise.h"

namespace tbft::plots {

std::vector<Figure> energy_saving(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const results::TableSet& set = sets[s];
    std::set<std::string, results::StrategyOrder> strategies;
    for (const results::Table* table : set.tables) {
      for (const results::Line& line : table->lines) {
        if (std::isfinite(line.saving.percent)) strategies.insert(line.strategy);
      }
    }
    if (strategies.empty()) continue;
    const double width = 0.8 / static_cast<double>(set.tables.size());
    std::string blocks, plot, tics, note;
    for (std::size_t t = 0; t < set.tables.size(); ++t) {
      std::string bars;
      double x = 0;
      for (const std::string& strategy : strategies) {
        const results::Line* line = results::find_line(*set.tables[t], strategy);
        const double at = x++ - 0.4 + (static_cast<double>(t) + 0.5) * width;
        if (line == nullptr || !std::isfinite(line->saving.percent)) continue;
        bars += fmt::format("{} {} {}\n", at, line->saving.percent, or_zero(line->saving.U_percent));
      }
      if (bars.empty()) continue;
      note = estimate_note(set.tables[t]->energy);
      // Bars are lighter with more data; a border separates bars of the same grey.
      const int grey = set.tables.size() == 1 ? 120 : static_cast<int>(60 + 160 * t / (set.tables.size() - 1));
      blocks += fmt::format("$s{} << EOD\n{}EOD\n", t, bars);
      plot += fmt::format(
          "{}$s{} using 1:2:3 with boxerrorbars fillstyle solid border rgb \"black\" linecolor rgb \"#{:02x}{:02x}{:02x}\" "
          "title {}",
          plot.empty() ? "" : ", ", t, grey / 3, grey * 2 / 3 + 30, grey,
          in_quotes(results::size_text(set.tables[t]->key) + " of the data"));
    }
    std::string published;
    double x = 0;
    for (const std::string& strategy : strategies) {
      tics += fmt::format("{}{} {}", x == 0 ? "" : ", ", tic_label(strategy), x);
      const results::Line* line = results::find_line(*set.tables.front(), strategy);
      if (line != nullptr && line->paper_saving_pct) published += fmt::format("{} {}\n", x, *line->paper_saving_pct);
      ++x;
    }
    if (!published.empty()) {
      blocks += fmt::format("$paper << EOD\n{}EOD\n", published);
      plot +=
          ", $paper using 1:2 with points pointtype 4 pointsize 0.8 linewidth 2 linecolor rgb \"#d55e00\" title \"published, "
          "one step\"";
    }
    Figure figure{name_of("saving", set, s), "Training energy saved against full: " + results::title_of(set), 640, 420, ""};
    figure.script =
        blocks + note_script(note) +
        fmt::format(
            "set title {} font \",12\"\nset boxwidth {}\nset xtics ({}) scale 0\n"
            "set ylabel \"training energy saved against full / %{}\"\nset xrange [-0.6:{}]\nset yrange [* < 0 : 0 < *]\n"
            "set grid ytics\nset xzeroaxis linetype -1\nset key below\nset bars 0.6\nset offsets 0, 0, graph 0.12, 0\nplot "
            "{}\n",
            in_quotes(results::title_of(set)), width * 0.95, tics, note.empty() ? "" : " (estimate)",
            static_cast<double>(strategies.size()) - 0.4, plot);
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
