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

// Points as "time low high mean".
struct CurveData {
  std::string all;    // an empty line breaks the curve at a gap
  std::string alone;  // those between two breaks, which no line would show
};
CurveData curve_data(const results::PowerCurve& curve) {
  const auto begins_after_gap = [&](double before_s, double after_s) {
    return std::ranges::any_of(curve.gaps, [&](const auto& gap) { return gap.from_s < after_s && gap.to_s > before_s; });
  };
  CurveData data;
  bool broken = true;
  for (std::size_t i = 0; i < curve.buckets.size(); ++i) {
    const auto& bucket = curve.buckets[i];
    const bool ends = i + 1 == curve.buckets.size() || begins_after_gap(bucket.to_s, curve.buckets[i + 1].from_s);
    const std::string point =
        fmt::format("{} {} {} {}\n", (bucket.from_s + bucket.to_s) / 2, bucket.low_W, bucket.high_W, bucket.mean_W);
    data.all += point;
    if (broken && ends) data.alone += point;
    if (ends && i + 1 < curve.buckets.size()) data.all += '\n';
    broken = ends;
  }
  return data;
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
  if (curve.phases_left_out > 0)
    add_sentence(figure.subtitle, fmt::format("The shortest phases have no shade: {} of {}", curve.phases_left_out,
                                              curve.phases.size() + curve.phases_left_out));
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
  double least_W = 0, most_W = 1e-6;
  for (const auto& bucket : curve.buckets) {
    least_W = std::min(least_W, bucket.low_W);
    most_W = std::max(most_W, bucket.high_W);
  }
  const std::string legend = add_legend(figure.frame, items);
  const Axis time{0, std::max(curve.duration_s, 1e-9), axis_of(0, std::max(curve.duration_s, 1e-9), 0, std::nullopt).step};
  const Axis watts = axis_of(least_W, most_W, least_W < 0 ? std::nullopt : std::optional(0.0), std::nullopt);
  const CurveData points = curve_data(curve);
  std::string blocks = fmt::format("$power << EOD\n{}EOD\n", points.all), alone;
  if (!points.alone.empty()) {
    blocks += fmt::format("$alone << EOD\n{}EOD\n", points.alone);
    alone = fmt::format(", $alone using 1:4:2:3 with yerrorbars pointtype 7 pointsize 0.3 linecolor rgb \"{}\" notitle", blue);
  }
  figure.panels.push_back(
      {"", blocks + shades + legend + x_axis_script(time, "time in the cell / s", figure.frame) +
               y_axis_script(watts, with_kind(kind, "power / W"), figure.frame) +
               fmt::format(
                   "plot $power using 1:2:3 with filledcurves fillcolor rgb \"{0}\" fillstyle transparent solid {1} notitle, "
                   "$power using 1:4 with lines linewidth 1.5 linecolor rgb \"{0}\" notitle{2}\n",
                   blue, band_opacity, alone)});
  return {figure};
}

}  // namespace tbft::plots
