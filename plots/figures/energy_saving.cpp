// Training energy saved against full tuning as horizontal bars, beside the paper's savings; one panel for each training size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

struct Bar {
  double percent, half_width;
  std::optional<double> published;
};

std::map<std::string, Bar> bars_of(const results::Table& table, const SavingSpread& spread) {
  std::map<std::string, Bar> result;
  for (const results::Line& line : table.lines) {
    if (!std::isfinite(line.saving.percent)) continue;
    result[line.strategy] = {line.saving.percent, spread.half_width(table, line), line.paper_saving_pct};
  }
  return result;
}

Axis common_axis(std::span<const std::map<std::string, Bar>> panels) {
  double low = 0, high = 0;
  for (const auto& bars : panels) {
    for (const auto& [strategy, bar] : bars) {
      low = std::min({low, bar.percent - bar.half_width, bar.published.value_or(0)});
      high = std::max({high, bar.percent + bar.half_width, bar.published.value_or(0)});
    }
  }
  Axis axis = axis_of(low, std::min(high, 100.0), std::nullopt, 100);
  if (low >= 0) axis.from = 0;  // bars start at 0
  if (high <= 0) axis.to = 0;
  return axis;
}

Panel panel(const results::Table& table, const std::map<std::string, Bar>& bars, std::span<const std::string> names,
            const Axis& axis, const Frame& frame) {
  std::string blocks, plot, published;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = bars.find(names[i]);
    if (found == bars.end()) continue;
    const Bar& bar = found->second;
    const double from = bar.percent - bar.half_width, to = std::min(bar.percent + bar.half_width, std::max(bar.percent, 100.0));
    blocks += fmt::format("$b{} << EOD\n{} {} {} {}\nEOD\n", i, bar.percent, i, from, to);
    plot += fmt::format(
        "$b{0} using 1:2:(0):1:($2-0.32):($2+0.32) with boxxyerror fillstyle solid 0.75 noborder linecolor rgb \"{1}\" "
        "notitle, ",
        i, look_of(names[i]).colour);
    if (bar.half_width > 0)
      plot += fmt::format("$b{} using 1:2:3:4 with xerrorbars pointtype 0 linewidth 1.3 linecolor rgb \"{}\" notitle, ", i,
                          text_colour);
    if (bar.published) published += fmt::format("{} {}\n", *bar.published, i);
  }
  if (!published.empty()) {
    blocks += fmt::format("$published << EOD\n{}EOD\n", published);
    plot += fmt::format(
        "$published using 1:2 with points pointtype 4 pointsize 0.9 linewidth 1.5 linecolor rgb \"{}\" notitle, ", text_colour);
  }
  const JoulesKind kind = joules_kind(table);
  return {size_title(table.key),
          blocks + x_axis_script(axis, with_kind(kind, "training energy saved / %"), frame) + rows_script(names) +
              fmt::format("set arrow 1 from first 0, graph 0 to first 0, graph 1 nohead front linecolor rgb \"{}\"\n",
                          text_colour) +
              "plot " + plot.substr(0, plot.size() - 2) + "\n"};
}

}  // namespace

std::vector<Figure> energy_saving(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  const SavingSpread spread(data, sets);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const results::TableSet& set = sets[s];
    std::set<std::string, results::StrategyOrder> strategies;
    std::vector<const results::Table*> tables;
    std::vector<std::map<std::string, Bar>> panels;
    std::set<JoulesKind> kinds;
    bool published = false, lines = false;
    for (const results::Table* table : set.tables) {
      auto bars = bars_of(*table, spread);
      if (bars.empty()) continue;
      for (const auto& [strategy, bar] : bars) {
        strategies.insert(strategy);
        published = published || bar.published;
        lines = lines || bar.half_width > 0;
      }
      kinds.insert(joules_kind(*table));
      tables.push_back(table);
      panels.push_back(std::move(bars));
    }
    if (panels.empty()) continue;
    const std::vector<std::string> names(strategies.begin(), strategies.end());
    const Axis axis = common_axis(panels);
    Figure figure{name_of("saving", set, s),
                  "Training energy saved against full: " + subject_of(set.key),
                  subtitle_of(set.key, kinds_note(kinds)),
                  rows_frame(names, panels.size()),
                  {}};
    figure.frame.top = 24;
    figure.frame.height -= 14;
    if (lines) add_sentence(figure.subtitle, "Lines: standard deviation over repetitions, or U (k=2) where it is larger");
    const LegendItem item{"published, one training step", text_colour, 4};
    const std::string legend = published ? add_legend(figure.frame, {&item, 1}) : "";
    for (std::size_t i = 0; i < panels.size(); ++i) {
      figure.panels.push_back(panel(*tables[i], panels[i], names, axis, figure.frame));
      figure.panels.back().script = legend + figure.panels.back().script;
    }
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
