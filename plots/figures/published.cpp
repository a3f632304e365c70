// Measured against published accuracies and energy savings, with equal axes. On the diagonal they agree.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plots/gnuplot.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

struct Pair {
  double published, published_half_width, measured, measured_half_width;
};
using Pairs = std::map<std::string, std::vector<Pair>, results::StrategyOrder>;  // by strategy, over the training sizes

Axis common_axis(const Pairs& pairs, std::optional<double> least) {
  double low = 1e9, high = -1e9;
  for (const auto& [strategy, points] : pairs) {
    for (const Pair& point : points) {
      low = std::min({low, point.published - point.published_half_width, point.measured - point.measured_half_width});
      high = std::max({high, point.published + point.published_half_width, point.measured + point.measured_half_width});
    }
  }
  return axis_of(std::max(low, least.value_or(low)), std::min(high, 100.0), least, 100);
}

Panel panel(const Pairs& pairs, const Axis& axis, const Frame& frame, const std::string& title, const std::string& what,
            const std::string& kind) {
  std::string blocks, plot = fmt::format("x with lines dashtype 2 linecolor rgb \"{}\" notitle", grey);
  std::vector<LabelledPoint> labels;
  std::vector<Rect> obstacles;
  const auto pixel = [&](double value) { return (value - axis.from) / (axis.to - axis.from) * frame.graph_width(); };
  for (const auto& [strategy, points] : pairs) {
    const std::string data = fmt::format("$p{}", labels.size());
    blocks += data + " << EOD\n";
    Spot at;
    for (const Pair& point : points) {
      blocks +=
          fmt::format("{} {} {} {}\n", point.published, point.measured, point.published_half_width, point.measured_half_width);
      at = {pixel(point.published), frame.graph_height() - pixel(point.measured)};
      obstacles.push_back({at.x - 5, at.y - 5, at.x + 5, at.y + 5});
    }
    blocks += "EOD\n";
    // All points of a strategy look the same, so one label is enough: at the largest training size.
    labels.push_back({at.x, at.y, results::printable(strategy, 24)});
    const Look look = look_of(strategy);
    plot += fmt::format(", {} using 1:2:3:4 with xyerrorbars pointtype {} pointsize 0.9 linecolor rgb \"{}\" notitle", data,
                        look.point, look.colour);
  }
  // The diagonal, in short pieces.
  constexpr int piece_px = 4;
  for (int along = 0; along < frame.graph_width(); along += piece_px) {
    const double x = along, y = frame.graph_height() - along;
    obstacles.push_back({x, y - piece_px, x + piece_px, y});
  }
  return {title, blocks + x_axis_script(axis, fmt::format("published {} / %", what), frame) +
                     y_axis_script(axis, fmt::format("{} {} / %", kind.empty() ? "measured" : kind, what), frame) +
                     labels_script(labels, obstacles, frame, 1) + "plot " + plot + "\n"};
}

}  // namespace

std::vector<Figure> published(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    Pairs accuracies, savings;
    std::string kind, label;
    for (const results::Table* table : sets[s].tables) {
      if (table->paper) label = table->paper->label;
      for (const results::Line& line : table->lines) {
        if (line.paper_accuracy_pct && line.accuracy_pct.n > 0)
          accuracies[line.strategy].push_back({*line.paper_accuracy_pct, or_zero(line.paper_sd_pct.value_or(0)),
                                               line.accuracy_pct.mean, or_zero(line.accuracy_pct.sd)});
        if (line.paper_saving_pct && std::isfinite(line.saving.percent)) {
          savings[line.strategy].push_back({*line.paper_saving_pct, 0, line.saving.percent, or_zero(line.saving.U_percent)});
          kind = joules_kind(*table);
        }
      }
    }
    Figure figure{
        name_of("published", sets[s], s), fmt::format("Measured against published: {}", subject_of(sets[s].key)), "", {}, {}};
    figure.frame = {.width = 400, .height = 0};
    figure.frame.height = figure.frame.graph_width() + figure.frame.top + figure.frame.bottom;
    if (!accuracies.empty())
      figure.panels.push_back(panel(accuracies, common_axis(accuracies, 0), figure.frame, "Accuracy", "accuracy", ""));
    if (!savings.empty())
      figure.panels.push_back(
          panel(savings, common_axis(savings, std::nullopt), figure.frame, "Energy saved against full", "saving", kind));
    if (figure.panels.empty()) continue;
    figure.subtitle = results::comma_list({subtitle_of(sets[s].key, kind), "published: " + label});
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
