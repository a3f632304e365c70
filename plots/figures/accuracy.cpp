// The accuracy of every strategy as a dot with the 95 % interval of its mean; one panel for each training size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "plots/gnuplot.h"
#include "plots/style.h"
#include "results/tables/block_noise.h"

namespace tbft::plots {

namespace {

using Names = std::set<std::string, results::StrategyOrder>;

// A line for each reference, none and full, and its name above the graph.
std::string references(const results::Table& table, const Axis& axis, const Frame& frame) {
  struct Reference {
    std::string name;
    double accuracy_pct, label_px;
  };
  std::vector<Reference> lines;
  for (const std::string name : {"none", "full"}) {
    const results::Line* line = results::find_line(table, name);
    if (line == nullptr || line->accuracy_pct.n == 0) continue;
    const double at = (line->accuracy_pct.mean - axis.from) / (axis.to - axis.from);
    lines.push_back({name, line->accuracy_pct.mean, at * frame.graph_width()});
  }
  std::ranges::sort(lines, {}, &Reference::label_px);
  if (lines.size() == 2) {
    constexpr double apart_px = 34;
    lines[1].label_px = std::min(std::max(lines[1].label_px, lines[0].label_px + apart_px), frame.graph_width() + 0.0);
    lines[0].label_px = std::min(lines[0].label_px, lines[1].label_px - apart_px);
  }
  std::string script;
  int number = 1;
  for (const Reference& line : lines) {
    script +=
        fmt::format("set arrow {} from first {}, graph 0 to first {}, graph 1 nohead back dashtype {} linecolor rgb \"{}\"\n",
                    number, line.accuracy_pct, line.accuracy_pct, line.name == "full" ? "2" : "3", look_of(line.name).colour);
    script += label_script(number++, line.name, {line.label_px, -8}, frame, "center");
  }
  return script;
}

bool has_interval(const results::Line& line) {
  return std::isfinite(line.accuracy_pct.low) && std::isfinite(line.accuracy_pct.high);
}

// Ends of the interval within what an accuracy can be; the mean where the interval is unknown.
std::pair<double, double> interval_of(const results::Line& line) {
  const double mean = line.accuracy_pct.mean;
  if (!has_interval(line)) return {mean, mean};
  return {std::clamp(line.accuracy_pct.low, 0.0, mean), std::clamp(line.accuracy_pct.high, mean, std::max(mean, 100.0))};
}

Axis common_axis(const results::TableSet& set) {
  double low = 100, high = 0;
  for (const results::Table* table : set.tables) {
    for (const results::Line& line : table->lines) {
      if (line.accuracy_pct.n == 0) continue;
      const auto [from, to] = interval_of(line);
      low = std::min(low, from);
      high = std::max(high, to);
    }
  }
  return axis_of(low, high, 0, 100);
}

Panel panel(const results::Table& table, std::span<const std::string> names, const Axis& axis, const Frame& frame) {
  std::string rows, dots;
  bool intervals = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const results::Line* line = results::find_line(table, names[i]);
    if (line == nullptr || line->accuracy_pct.n == 0) continue;
    const auto [low, high] = interval_of(*line);
    intervals = intervals || low < high;
    const std::string name = fmt::format("$r{}", i);
    rows += fmt::format("{} << EOD\n{} {} {} {}\nEOD\n", name, line->accuracy_pct.mean, i, low, high);
    dots += fmt::format("{}{} using {} pointtype 7 pointsize 0.75 linewidth 1.5 linecolor rgb \"{}\" notitle",
                        dots.empty() ? "" : ", ", name, low < high ? "1:2:3:4 with xerrorbars" : "1:2 with points",
                        look_of(names[i]).colour);
  }
  return {size_title(table.key),
          rows + x_axis_script(axis, intervals ? "test accuracy / %, with 95 % interval" : "test accuracy / %", frame) +
              rows_script(names) + references(table, axis, frame) + "plot " + dots + "\n"};
}

}  // namespace

std::vector<Figure> accuracy(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const results::TableSet& set = sets[s];
    Names strategies;
    for (const results::Table* table : set.tables) {
      for (const results::Line& line : table->lines) {
        if (line.accuracy_pct.n > 0) strategies.insert(line.strategy);
      }
    }
    const std::vector<std::string> names(strategies.begin(), strategies.end());
    const Axis axis = common_axis(set);
    Figure figure{name_of("accuracy", set, s),
                  "Accuracy by strategy: " + subject_of(set.key),
                  subtitle_of(set.key, ""),
                  rows_frame(names, set.tables.size()),
                  {}};
    for (const results::Table* table : set.tables) figure.panels.push_back(panel(*table, names, axis, figure.frame));
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
