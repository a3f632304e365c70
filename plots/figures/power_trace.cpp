// The power of one cell over time: a band from minimum to maximum, a line for the mean, shaded phases and gaps.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plots/gnuplot.h"
#include "plots/style.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

std::string_view colour_of(const std::string& phase) {
  if (phase == "train") return "#fde9c8";
  if (phase == "validate") return "#d9efe4";
  if (phase == "test") return "#efe0ef";
  return "#e8e8e8";
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

std::string rectangle(int number, const results::PowerCurve::Span& span, const std::string& how) {
  return fmt::format("set object {} rectangle from first {}, graph 0 to first {}, graph 1 {}\n", number, span.from_s, span.to_s,
                     how);
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
  std::string what = fmt::format("{} {} {}{}{} #{}", row->dataset, row->drift, row->condition,
                                 row->condition.empty() ? "" : " ", row->strategy, row->repetition.value_or(0));
  Figure figure{"power", "Power of one cell: " + what, 900, 400, ""};
  std::string script = fmt::format("$power << EOD\n{}EOD\n", curve_data(curve)) + note_script(estimate_note(*row));
  script += fmt::format(
      "set title {}\nset xlabel \"time in the cell / s\"\nset ylabel \"power / W\"\nset xrange [0:{}]\nset yrange [0:*]\n"
      "set offsets 0, 0, graph 0.12, 0\nset key outside right top\n",
      in_quotes("Power of one cell: " + results::printable(what)), std::max(curve.duration_s, 1e-9));
  int number = 0;
  std::map<std::string, std::string> key;  // one key entry for each phase
  for (const auto& phase : curve.phases) {
    script +=
        rectangle(++number, phase, fmt::format("behind fillcolor rgb \"{}\" fillstyle solid noborder", colour_of(phase.name)));
    key[phase.name] = fmt::format(", NaN with boxes fillstyle solid border rgb \"black\" linecolor rgb \"{}\" title {}",
                                  colour_of(phase.name), in_quotes(phase.name));
  }
  for (const auto& gap : curve.gaps)
    script += rectangle(++number, gap,
                        "front fillcolor rgb \"#d55e00\" fillstyle transparent pattern 5 border linecolor rgb \"#d55e00\"");
  script +=
      "plot $power using 1:2:3 with filledcurves fillcolor rgb \"#9ecae1\" title \"minimum to maximum\", "
      "$power using 1:4 with lines linewidth 1.5 linecolor rgb \"#0072b2\" title \"mean\"";
  for (const auto& [phase, line] : key) script += line;
  if (!curve.gaps.empty()) script += ", NaN with boxes fillstyle pattern 5 linecolor rgb \"#d55e00\" title \"gap: no reading\"";
  figure.script = script + "\n";
  return {figure};
}

}  // namespace tbft::plots
