// The power of one cell over time: a band from minimum to maximum, a line for the mean, shaded phases and gaps.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/style.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

constexpr double band_opacity = 0.35, gap_opacity = 0.6;

// Phases that follow each other differ in lightness, too, for greyscale.
struct Shade {
  std::string_view colour;
  double opacity;
};
Shade shade_of(const std::string& phase) {
  if (phase == "train") return {orange, 0.15};
  if (phase == "validate") return {teal, 0.35};
  if (phase == "test") return {purple, 0.4};
  return {grey, 0.3};
}

// The cell that the user named, otherwise the one with a curve that trained longest.
const results::CellRow* chosen(const FigureData& data) {
  const results::CellRow* best = nullptr;
  for (const results::CellRow& row : data.inputs.cells) {
    const auto curve = data.curves.find({row.run_id, row.cell_id});
    if (curve == data.curves.end() || curve->second.buckets.empty()) continue;
    if (!data.cell.empty()) {
      if (row.cell_id == data.cell) return &row;
    } else if (best == nullptr || row.train_s.value_or(0) > best->train_s.value_or(0)) {
      best = &row;
    }
  }
  return best;
}

std::string rectangle(int number, const results::PowerCurve::Span& span, std::string_view where, std::string_view colour,
                      double opacity) {
  return fmt::format(
      "set object {} rectangle from first {}, graph 0 to first {}, graph 1 {} fillcolor rgb \"{}\" fillstyle transparent solid "
      "{} "
      "noborder\n",
      number, span.from_s, span.to_s, where, colour, opacity);
}

std::string curve_data(const results::PowerCurve& curve) {
  const auto begins_after_gap = [&](double before_s, double after_s) {
    return std::ranges::any_of(curve.gaps, [&](const auto& gap) { return gap.from_s < after_s && gap.to_s > before_s; });
  };
  std::string text;
  const results::PowerCurve::Bucket* last = nullptr;
  for (const auto& bucket : curve.buckets) {
    if (last != nullptr && begins_after_gap(last->to_s, bucket.from_s)) text += '\n';  // an empty line breaks the curve
    text += fmt::format("{} {} {} {}\n", (bucket.from_s + bucket.to_s) / 2, bucket.low_W, bucket.high_W, bucket.mean_W);
    last = &bucket;
  }
  return text;
}

}  // namespace

std::vector<Figure> power_trace(const FigureData& data) {
  const results::CellRow* row = chosen(data);
  if (row == nullptr) return {};
  const results::PowerCurve& curve = data.curves.at({row->run_id, row->cell_id});
  const JoulesKind kind = joules_kind(*row);
  const results::Key key = results::group_key(*row);
  Figure figure{"power",
                fmt::format("Power of one cell: {}, {}, repetition {}", subject_of(key), results::printable(row->strategy, 40),
                            row->repetition.value_or(0)),
                subtitle_of(key, kinds_note({kind}, "power")),
                {.width = 520, .height = 300, .top = 12},
                {}};
  std::vector<LegendItem> items{{"mean", blue, 5}, {"minimum to maximum", blue, 0, band_opacity}};
  std::set<std::string> names;
  std::string shades;
  int number = 0;
  for (const auto& phase : curve.phases) {
    const Shade shade = shade_of(phase.name);
    shades += rectangle(++number, phase, "behind", shade.colour, shade.opacity);
    if (names.insert(phase.name).second) items.push_back({results::printable(phase.name, 24), shade.colour, 0, shade.opacity});
  }
  for (const auto& gap : curve.gaps) shades += rectangle(++number, gap, "front", brown, gap_opacity);
  if (!curve.gaps.empty()) items.push_back({"gap: no reading", brown, 0, gap_opacity});
  double most_W = 1e-6;
  for (const auto& bucket : curve.buckets) most_W = std::max(most_W, bucket.high_W);
  const std::string legend = add_legend(figure.frame, items);
  const Axis time{0, std::max(curve.duration_s, 1e-9), axis_of(0, std::max(curve.duration_s, 1e-9), 0, std::nullopt).step};
  figure.panels.push_back(
      {"", fmt::format("$power << EOD\n{}EOD\n", curve_data(curve)) + shades + legend +
               x_axis_script(time, "time in the cell / s", figure.frame) +
               y_axis_script(axis_of(0, most_W, 0, std::nullopt), with_kind(kind, "power / W"), figure.frame) +
               fmt::format(
                   "plot $power using 1:2:3 with filledcurves fillcolor rgb \"{0}\" fillstyle transparent solid {1} notitle, "
                   "$power using 1:4 with lines linewidth 1.5 linecolor rgb \"{0}\" notitle\n",
                   blue, band_opacity)});
  return {figure};
}

}  // namespace tbft::plots
