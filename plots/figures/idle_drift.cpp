// Idle power over the run, which is subtracted from every cell's power, and its drift.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/style.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

// Converts "2024-01-31T23:59:59Z" to seconds since 1970; empty for any other text.
std::optional<double> seconds_of(const std::string& utc) {
  std::tm time{};
  const char* end = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr) return std::nullopt;
  return static_cast<double>(::timegm(&time));
}

using ByTime = std::map<double, const results::CellRow*>;

struct Points {
  std::string lines;  // "minutes watts half-width", NaN where the drift is unknown
  bool bars = false;  // whether one has a drift
  std::set<JoulesKind> kinds;
};

// More points of a run than this cannot be told apart, and would make a picture of many megabytes.
constexpr std::size_t most_points = 2000;

std::size_t cells_of_a_point(const ByTime& rows) {
  return (rows.size() + most_points - 1) / most_points;
}

// Successive cells that are drawn as one point. Beside a cell are two idle windows: its value is their mean, and half their
// difference the half-width.
struct Point {
  std::size_t n = 0;
  double sum_min = 0, sum_W = 0, half_W = 0;
  double low_W = std::numeric_limits<double>::infinity(), high_W = -low_W;

  void add(double minutes, double idle_W, double idle_half_W) {
    ++n;
    sum_min += minutes;
    sum_W += idle_W;
    half_W = idle_half_W;
    low_W = std::min(low_W, idle_W - idle_half_W);
    high_W = std::max(high_W, idle_W + idle_half_W);
  }
  double minutes() const { return sum_min / static_cast<double>(n); }
  double mean_W() const { return sum_W / static_cast<double>(n); }
  // Of several cells, the bar reaches the farthest of them.
  double bar_W() const { return n == 1 ? half_W : std::max(high_W - mean_W(), mean_W() - low_W); }
};

Points points_of(const ByTime& rows, double& low_W, double& high_W, double& last_min) {
  Points points;
  Point point;
  const std::size_t each = cells_of_a_point(rows);
  for (const auto& [at_s, row] : rows) {
    const double half_W = or_zero(std::abs(row->idle_drift_W.value_or(0))) / 2, minutes = (at_s - rows.begin()->first) / 60;
    point.add(minutes, *row->idle_W, half_W);
    points.kinds.insert(joules_kind(*row));
    last_min = std::max(last_min, minutes);
    if (point.n < each && row != rows.rbegin()->second) continue;
    const double bar_W = point.bar_W();
    points.lines += fmt::format("{} {} {}\n", point.minutes(), point.mean_W(), bar_W > 0 ? fmt::to_string(bar_W) : "NaN");
    points.bars = points.bars || bar_W > 0;
    low_W = std::min(low_W, point.mean_W() - bar_W);
    high_W = std::max(high_W, point.mean_W() + bar_W);
    point = {};
  }
  return points;
}

}  // namespace

std::vector<Figure> idle_drift(const FigureData& data) {
  constexpr std::array colours{blue, orange, teal, purple, violet, brown};
  constexpr std::array shapes{7, 5, 9, 11, 13, 15};
  std::map<std::string, ByTime> runs;
  for (const results::CellRow& row : data.inputs.cells) {
    const auto at = seconds_of(row.started_utc);
    if (!row.idle_W || !at) continue;
    runs[row.run_id][*at] = &row;
  }
  if (runs.empty()) return {};
  std::string blocks, plot;
  std::vector<LegendItem> items;
  std::set<JoulesKind> kinds;
  bool bars = false;
  std::size_t most_cells = 1;
  double low_W = runs.begin()->second.begin()->second->idle_W.value(), high_W = low_W, last_min = 0;
  for (const auto& [id, rows] : runs) {
    const std::size_t n = items.size();
    const Points points = points_of(rows, low_W, high_W, last_min);
    most_cells = std::max(most_cells, cells_of_a_point(rows));
    const auto colour = colours.at(n % colours.size());
    const int shape = shapes.at(n % shapes.size());
    blocks += fmt::format("$i{} << EOD\n{}EOD\n", n, points.lines);
    // Points come last, because gnuplot draws a white dot under each bar.
    if (points.bars)
      plot += fmt::format("$i{} using 1:2:3 with yerrorbars pointtype 0 linecolor rgb \"{}\" notitle, ", n, colour);
    plot += fmt::format("$i{} using 1:2 with linespoints pointtype {} pointsize 0.5 linecolor rgb \"{}\" notitle, ", n, shape,
                        colour);
    bars = bars || points.bars;
    kinds.insert(points.kinds.begin(), points.kinds.end());
    const std::string words = words_of(points.kinds);
    items.push_back({results::printable(id, 60) + (words.empty() ? "" : fmt::format(" ({})", words)), colour, shape});
  }
  Figure figure{"idle", "Idle power beside each cell, over the run", "", {.width = 520, .height = 280, .top = 12}, {}};
  figure.subtitle = kinds_note(kinds, "Power", "legend");
  if (most_cells > 1)
    add_sentence(figure.subtitle, fmt::format("Points: means of up to {} successive cells{}", most_cells,
                                              bars ? "; bars: as far as the farthest of them" : ""));
  else if (bars)
    add_sentence(figure.subtitle, "Bars: from the idle power before a cell to that after it");
  const std::string legend = add_legend(figure.frame, items);
  figure.panels.push_back(
      {"",
       blocks + legend +
           x_axis_script(axis_of(0, std::max(last_min, 1e-3), 0, std::nullopt), "time since the first cell / min",
                         figure.frame) +
           y_axis_script(axis_of(low_W, high_W, std::nullopt, std::nullopt),
                         with_kind(kinds.size() == 1 ? *kinds.begin() : JoulesKind::measured, "idle power / W"), figure.frame) +
           "plot " + plot.substr(0, plot.size() - 2) + "\n"});
  return {figure};
}

}  // namespace tbft::plots
