// Measured against published accuracies and energy savings. On the diagonal they agree.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "plots/gnuplot.h"
#include "plots/style.h"

namespace tbft::plots {

namespace {

// Data lines "published measured bar" by strategy.
using Points = std::map<std::string, std::string, results::StrategyOrder>;

std::string panel(const Points& points, std::string_view name, const std::string& title, const std::string& unit,
                  const std::string& note) {
  std::string blocks, plot = "x with lines dashtype 2 linecolor rgb \"#555555\" title \"equal\"";
  std::size_t n = 0;
  for (const auto& [strategy, text] : points) {
    const std::string data = fmt::format("${}{}", name, n++);
    blocks += fmt::format("{} << EOD\n{}EOD\n", data, text);
    plot += fmt::format(", {} using 1:2:3 with yerrorbars pointtype 0 linecolor rgb \"#555555\" notitle", data);
    plot += ", " + points_script(data, strategy);
  }
  return blocks + note_script(note) +
         fmt::format("set title {}\nset xlabel \"published / {}\"\nset ylabel \"measured / {}{}\"\nplot {}\n", in_quotes(title),
                     unit, unit, note.empty() ? "" : " (estimate)", plot);
}

}  // namespace

std::vector<Figure> published(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    Points accuracies, savings;
    std::string note, label;
    for (const results::Table* table : sets[s].tables) {
      if (table->paper) label = table->paper->label;
      for (const results::Line& line : table->lines) {
        if (line.paper_accuracy_pct && line.accuracy_pct.n > 0)
          accuracies[line.strategy] +=
              fmt::format("{} {} {}\n", *line.paper_accuracy_pct, line.accuracy_pct.mean, or_zero(line.accuracy_pct.sd));
        if (line.paper_saving_pct && std::isfinite(line.saving.percent)) {
          savings[line.strategy] +=
              fmt::format("{} {} {}\n", *line.paper_saving_pct, line.saving.percent, or_zero(line.saving.U_percent));
          note = estimate_note(table->energy);
        }
      }
    }
    std::vector<std::string> panels;
    if (!accuracies.empty()) panels.push_back(panel(accuracies, "a", "accuracy", "%", ""));
    if (!savings.empty()) panels.push_back(panel(savings, "s", "energy saved against full", "%", note));
    if (panels.empty()) continue;
    const std::string title = results::title_of(sets[s]);
    result.push_back(arrange({name_of("published", sets[s], s), "Measured against published: " + title, 520, 400,
                              "set grid\nset key below samplen 2\nset bmargin 10\nset rmargin 5\nset bars 0.6\n"
                              "set offsets graph 0.05, graph 0.05, graph 0.15, graph 0.05\n"},
                             fmt::format("{} of {}", label, title), panels));
  }
  return result;
}

}  // namespace tbft::plots
