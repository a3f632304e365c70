// Measured against published accuracies and energy savings, with equal axes. On the diagonal they agree.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

struct Pair {
  double published, published_half_width, measured, measured_half_width;
};
using Kinds = std::set<JoulesKind>;
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

// gnuplot draws no bar where its width is NaN.
std::string width_text(double half_width) {
  return half_width > 0 ? fmt::to_string(half_width) : "NaN";
}

// "measured saving / %", "estimated saving / %", "measured or estimated saving / %"; "our" where it is not recorded.
std::string axis_text(const Kinds& kinds, const std::string& what) {
  std::vector<std::string> words;
  for (const JoulesKind kind : kinds) {
    const bool unrecorded = kind == JoulesKind::unrecorded;
    words.push_back(kind == JoulesKind::measured ? "measured" : unrecorded ? "our" : words_of({kind}));
  }
  return fmt::format("{} {} / %", fmt::join(words, " or "), what);
}

bool has_bars(const Pairs& pairs) {
  return std::ranges::any_of(pairs, [](const auto& strategy) {
    return std::ranges::any_of(
        strategy.second, [](const Pair& point) { return point.published_half_width > 0 || point.measured_half_width > 0; });
  });
}

Panel panel(const Pairs& pairs, const Axis& axis, const Frame& frame, const std::string& title, const std::string& what,
            const Kinds& kinds) {
  std::string blocks, plot = fmt::format("x with lines dashtype 2 linecolor rgb \"{}\" notitle", grey);
  std::vector<LabelledPoint> labels;
  std::vector<Rect> obstacles;
  const auto pixel = [&](double value) { return (value - axis.from) / (axis.to - axis.from) * frame.graph_width(); };
  for (const auto& [strategy, points] : pairs) {
    const std::string data = fmt::format("$p{}", labels.size());
    blocks += data + " << EOD\n";
    Spot at;
    bool wide = false, high = false;
    for (const Pair& point : points) {
      blocks += fmt::format("{} {} {} {}\n", point.published, point.measured, width_text(point.published_half_width),
                            width_text(point.measured_half_width));
      wide = wide || point.published_half_width > 0;
      high = high || point.measured_half_width > 0;
      at = {pixel(point.published), frame.graph_height() - pixel(point.measured)};
      obstacles.push_back({at.x - 5, at.y - 5, at.x + 5, at.y + 5});
    }
    blocks += "EOD\n";
    // All points of a strategy look the same, so one label is enough: at the largest training size.
    labels.push_back({at.x, at.y, results::printable(strategy, 24)});
    const Look look = look_of(strategy);
    // Points come last, because gnuplot draws a white dot under each bar.
    if (wide)
      plot += fmt::format(", {} using 1:2:3 with xerrorbars pointtype 0 linecolor rgb \"{}\" notitle", data, look.colour);
    if (high)
      plot += fmt::format(", {} using 1:2:4 with yerrorbars pointtype 0 linecolor rgb \"{}\" notitle", data, look.colour);
    plot += fmt::format(", {} using 1:2 with points pointtype {} pointsize 0.9 linecolor rgb \"{}\" notitle", data, look.point,
                        look.colour);
  }
  // The diagonal, in short pieces.
  constexpr int piece_px = 4;
  for (int along = 0; along < frame.graph_width(); along += piece_px) {
    const double x = along, y = frame.graph_height() - along;
    obstacles.push_back({x, y - piece_px, x + piece_px, y});
  }
  return {title, blocks + x_axis_script(axis, fmt::format("published {} / %", what), frame) +
                     y_axis_script(axis, axis_text(kinds, what), frame) + labels_script(labels, obstacles, frame) + "plot " +
                     plot + "\n"};
}

struct Compared {
  Pairs accuracies, savings;
  Kinds kinds;        // of the savings, by training size
  std::string label;  // of the paper's column
};

Compared compared(const results::TableSet& set, const SavingSpread& spread) {
  Compared result;
  for (const results::Table* table : set.tables) {
    if (table->paper) result.label = table->paper->label;
    for (const results::Line& line : table->lines) {
      if (line.paper_accuracy_pct && line.accuracy_pct.n > 0)
        result.accuracies[line.strategy].push_back({*line.paper_accuracy_pct, or_zero(line.paper_sd_pct.value_or(0)),
                                                    line.accuracy_pct.mean, or_zero(line.accuracy_pct.sd)});
      if (line.paper_saving_pct && std::isfinite(line.saving.percent)) {
        result.savings[line.strategy].push_back(
            {*line.paper_saving_pct, 0, line.saving.percent, spread.half_width(*table, line)});
        result.kinds.insert(joules_kind(*table));
      }
    }
  }
  return result;
}

// "..., published: arXiv 2403.15905 (cifar10-c)"; in brackets what the paper's column differs in, from "paper (cifar10-c)".
std::string subtitle(const results::Key& key, const Compared& set) {
  constexpr std::string_view paper = "paper";
  std::string text = subtitle_of(key, kinds_note(set.kinds));
  if (has_bars(set.accuracies) || has_bars(set.savings))
    add_sentence(text, "Error bars: standard deviation over repetitions; of savings, U (k=2) where it is larger");
  if (!can_be_labelled(set.accuracies.size())) add_sentence(text, without_names);
  text += text.empty() ? "" : "; ";
  return text + "published: arXiv 2403.15905" + (set.label.starts_with(paper) ? set.label.substr(paper.size()) : "");
}

}  // namespace

std::vector<Figure> published(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  const SavingSpread spread(data, sets);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const Compared set = compared(sets[s], spread);
    Figure figure{
        name_of("published", sets[s], s), fmt::format("Measured against published: {}", subject_of(sets[s].key)), "", {}, {}};
    figure.frame = {.width = 400, .height = 0};
    figure.frame.height = figure.frame.graph_width() + figure.frame.top + figure.frame.bottom;
    if (!set.accuracies.empty())
      figure.panels.push_back(
          panel(set.accuracies, common_axis(set.accuracies, 0), figure.frame, "Accuracy", "accuracy", {JoulesKind::measured}));
    if (!set.savings.empty())
      figure.panels.push_back(panel(set.savings, common_axis(set.savings, std::nullopt), figure.frame,
                                    "Energy saved against full", "saving", set.kinds));
    if (figure.panels.empty()) continue;
    figure.subtitle = subtitle(sets[s].key, set);
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
