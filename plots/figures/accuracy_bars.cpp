// The paper's bar charts: accuracy by block and training size, with lines for Block Avg and Full.
#include <fmt/format.h>

#include "plots/gnuplot.h"
#include "plots/style.h"
#include "results/tables/block_noise.h"

namespace tbft::plots {

namespace {

constexpr double bar_width = 0.19;

// Strategies drawn as lines over the training sizes; the last is in front.
constexpr std::string_view lines[] = {"none", "bn-stats", "block-avg", "full"};

std::string tics(const results::TableSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.tables.size(); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", tic_label(results::size_text(set.tables[i]->key)), i);
  return text;
}

// Data lines "x accuracy sd" of a strategy over the sizes, shifted in x.
std::string points(const results::TableSet& set, std::string_view strategy, double shift) {
  std::string text;
  for (std::size_t i = 0; i < set.tables.size(); ++i) {
    const results::Line* line = results::find_line(*set.tables[i], strategy);
    if (line == nullptr || line->accuracy_pct.n == 0) continue;
    text += fmt::format("{} {} {}\n", static_cast<double>(i) + shift, line->accuracy_pct.mean, or_zero(line->accuracy_pct.sd));
  }
  return text;
}

}  // namespace

std::vector<Figure> accuracy_bars(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const results::TableSet& set = sets[s];
    std::string blocks, plot;
    const auto add = [&](std::string_view strategy, double shift, const std::string& how) {
      const std::string text = points(set, strategy, shift);
      if (text.empty()) return;
      const std::string name = fmt::format("$d{}", plot.empty() ? 0 : std::ranges::count(plot, '$'));
      blocks += fmt::format("{} << EOD\n{}EOD\n", name, text);
      plot += fmt::format("{}{} {}", plot.empty() ? "" : ", ", name, how);
    };
    const auto has_line = [&](const std::string& strategy) {
      return std::ranges::any_of(set.tables,
                                 [&](const auto* table) { return results::find_line(*table, strategy) != nullptr; });
    };
    const std::vector<std::string> names = results::blocks_of(has_line);
    const double width = bar_width * 4 / static_cast<double>(names.size());
    for (std::size_t b = 0; b < names.size(); ++b) {
      const std::string& block = names[b];
      add(block, (static_cast<double>(b) - 0.5 * static_cast<double>(names.size() - 1)) * width * 1.05,
          fmt::format("using 1:2:3 with boxerrorbars fillstyle solid border rgb \"black\" linecolor rgb \"{}\" title {}",
                      look_of(block).colour, in_quotes(block)));
    }
    for (const std::string_view line : lines) {
      const Look look = look_of(std::string(line));
      const bool dashed = line != "full" && line != "block-avg";
      add(line, 0,
          fmt::format(
              "using 1:2:3 with yerrorlines dashtype {} linewidth 1.5 pointsize 0.7 pointtype {} linecolor rgb \"{}\" title {}",
              dashed ? 3 : 1, look.point, look.colour, in_quotes(line)));
    }
    if (plot.empty()) continue;
    Figure figure{name_of("accuracy", set, s), "Accuracy by block and training size: " + results::title_of(set), 640, 420, ""};
    figure.script =
        blocks + fmt::format(
                     "set title {} font \",12\"\nset boxwidth {}\nset xtics ({}) scale 0\nset xlabel \"data for training\"\n"
                     "set ylabel \"accuracy / %\"\nset xrange [-0.6:{}]\nset yrange [0:*]\nset grid ytics\n"
                     "set key outside right top\nset bars 0.6\nplot {}\n",
                     in_quotes(results::title_of(set)), width, tics(set), static_cast<double>(set.tables.size()) - 0.4, plot);
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
