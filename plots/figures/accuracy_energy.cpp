// Accuracy against training joules with error bars and the Pareto front; one panel for each training size, with the same axes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "plots/gnuplot.h"
#include "plots/joules.h"
#include "plots/labels.h"
#include "plots/style.h"
#include "results/tables/block_noise.h"

namespace tbft::plots {

namespace {

struct Axes {
  Axis joules, accuracy;
};

bool has_joules(const results::Line& line) {
  return line.accuracy_pct.n > 0 && std::isfinite(line.train.spread.mean);
}

// The error bar of the joules: the spread over repetitions or the meter's uncertainty, whichever is larger, without what lies
// below 0.
struct Bar {
  double from_J, to_J;
};
Bar bar_of(const results::Line& line) {
  const double half_J = std::max(or_zero(line.train.U_J), or_zero(line.train.spread.sd)), mean_J = line.train.spread.mean;
  return {std::max(0.0, mean_J - half_J), std::max(0.0, mean_J + half_J)};
}

// Joules below 0, which noise can give, stand at 0 with a label that says so.
double shown_J(const results::Line& line) {
  return std::max(0.0, line.train.spread.mean);
}

std::string text_of(const results::Line& line) {
  const std::string name = results::printable(line.strategy, 24);
  return line.train.spread.mean < 0 ? name + " (below 0 J)" : name;
}

// The corners of the Pareto front. It starts at 0 J with the accuracy of none, and ends at the right edge. It excludes
// block-avg, which is not a strategy, and joules that are not resolved.
std::vector<Spot> pareto_front(const results::Table& table, const Axes& axes) {
  std::vector<const results::Line*> lines;
  for (const results::Line& line : table.lines) {
    if (has_joules(line) && line.train.resolved && line.strategy != "block-avg") lines.push_back(&line);
  }
  if (lines.empty()) return {};
  std::ranges::sort(lines, {},
                    [](const results::Line* line) { return std::pair(line->train.spread.mean, -line->accuracy_pct.mean); });
  const results::Line* none = results::find_line(table, "none");
  std::vector<Spot> corners;
  double best = axes.accuracy.from;
  if (none != nullptr && none->accuracy_pct.n > 0) {
    best = none->accuracy_pct.mean;
    corners.push_back({0, best});
  }
  for (const results::Line* line : lines) {
    if (line->accuracy_pct.mean <= best) continue;
    corners.push_back({line->train.spread.mean, best});
    best = line->accuracy_pct.mean;
    corners.push_back({line->train.spread.mean, best});
  }
  corners.push_back({axes.joules.to, best});
  return corners;
}

Axes common_axes(const results::TableSet& set) {
  double low = 100, high = 0, most_J = 0;
  for (const results::Table* table : set.tables) {
    for (const results::Line& line : table->lines) {
      if (line.accuracy_pct.n == 0) continue;
      const double sd = or_zero(line.accuracy_pct.sd);
      low = std::min(low, line.accuracy_pct.mean - sd);
      high = std::max(high, line.accuracy_pct.mean + sd);
      if (has_joules(line)) most_J = std::max(most_J, bar_of(line).to_J);
    }
  }
  Axes axes{axis_of(0, std::max(most_J, 1e-6), 0, std::nullopt), axis_of(std::max(low, 0.0), std::min(high, 100.0), 0, 100)};
  return axes;
}

class Drawing {
 public:
  Drawing(const results::Table& table, const Axes& axes, const Frame& frame) : table_(table), axes_(axes), frame_(frame) {
    add_front();
    for (const results::Line& line : table.lines) {
      if (has_joules(line)) add_point(line);
    }
    for (const results::Line& line : table.lines) {
      if (line.accuracy_pct.n > 0 && !has_joules(line)) add_line(line);
    }
  }

  Panel panel() const {
    const JoulesKind kind = joules_kind(table_);
    return {size_title(table_.key), blocks_ + labels_script(labels_, obstacles_, frame_) +
                                        x_axis_script(axes_.joules, joules_label(kind, table_.energy.basis), frame_) +
                                        y_axis_script(axes_.accuracy, "test accuracy / %", frame_) + "plot " + plot_ + "\n"};
  }

  bool has_front() const { return has_front_; }
  bool has_error_bars() const { return has_error_bars_; }
  bool has_names() const { return can_be_labelled(labels_.size()); }

 private:
  Spot pixel(double joules, double accuracy_pct) const {
    return {joules / axes_.joules.to * frame_.graph_width(),
            (axes_.accuracy.to - accuracy_pct) / (axes_.accuracy.to - axes_.accuracy.from) * frame_.graph_height()};
  }

  void add(const std::string& text) { plot_ += (plot_.empty() ? "" : ", ") + text; }

  // A line between two points as what labels should not cover; 1 px on both sides, more for the ends of error bars.
  void avoid(const Spot& a, const Spot& b, double px = 1) {
    obstacles_.push_back({std::min(a.x, b.x) - px, std::min(a.y, b.y) - px, std::max(a.x, b.x) + px, std::max(a.y, b.y) + px});
  }

  void add_front() {
    const std::vector<Spot> corners = pareto_front(table_, axes_);
    if (corners.empty()) return;
    has_front_ = true;
    blocks_ += "$front << EOD\n";
    for (const Spot& corner : corners) blocks_ += fmt::format("{} {}\n", corner.x, corner.y);
    blocks_ += "EOD\n";
    for (std::size_t i = 1; i < corners.size(); ++i)
      avoid(pixel(corners[i - 1].x, corners[i - 1].y), pixel(corners[i].x, corners[i].y));
    add(fmt::format("$front using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb \"{}\" notitle", grey));
  }

  void add_point(const results::Line& line) {
    const Look look = look_of(line.strategy);
    const double J = shown_J(line), mean = line.accuracy_pct.mean, sd = or_zero(line.accuracy_pct.sd);
    const auto [from_J, to_J] = bar_of(line);
    const std::string data = fmt::format("$p{}", labels_.size());
    blocks_ += fmt::format("{} << EOD\n{} {} {} {} {} {}\nEOD\n", data, J, mean, from_J, to_J, std::max(0.0, mean - sd),
                           std::min(100.0, mean + sd));
    const bool wide = to_J > from_J, high = sd > 0;
    has_error_bars_ = has_error_bars_ || wide || high;
    const std::string_view how = wide && high ? "1:2:3:4:5:6 with xyerrorbars"
                                 : wide       ? "1:2:3:4 with xerrorbars"
                                 : high       ? "1:2:5:6 with yerrorbars"
                                              : "1:2 with points";
    add(fmt::format("{} using {} pointtype {} pointsize 0.9 linecolor rgb \"{}\" notitle", data, how, look.point, look.colour));
    const Spot at = pixel(J, mean);
    labels_.push_back({at.x, at.y, text_of(line)});
    avoid(pixel(from_J, mean), pixel(to_J, mean), 3);
    avoid(pixel(J, mean - sd), pixel(J, mean + sd), 3);
  }

  // A strategy without joules, such as none, is a line at its accuracy, labelled at the right edge.
  void add_line(const results::Line& line) {
    const double mean = line.accuracy_pct.mean;
    add(fmt::format("{} with lines dashtype 3 linewidth 1.5 linecolor rgb \"{}\" notitle", mean,
                    look_of(line.strategy).colour));
    avoid(pixel(0, mean), pixel(axes_.joules.to, mean));
    const Spot at = pixel(axes_.joules.to, mean);
    labels_.push_back({at.x, at.y, text_of(line) + (line.strategy == "none" ? "" : " (no joules)")});
  }

  const results::Table& table_;
  const Axes& axes_;
  const Frame& frame_;
  std::string blocks_, plot_;
  std::vector<LabelledPoint> labels_;
  std::vector<Rect> obstacles_;
  bool has_front_ = false, has_error_bars_ = false;
};

}  // namespace

std::vector<Figure> accuracy_energy(const FigureData& data) {
  std::vector<Figure> result;
  const auto sets = results::table_sets(data.summary);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const results::TableSet& set = sets[s];
    const Axes axes = common_axes(set);
    Figure figure{name_of("accuracy-energy", set, s), "Accuracy against training energy: " + subject_of(set.key), "", {}, {}};
    figure.frame = {.width = set.tables.size() > 1 ? 380 : 520, .height = set.tables.size() > 1 ? 340 : 400};
    std::set<JoulesKind> kinds;
    bool front = false, error_bars = false, names = true;
    for (const results::Table* table : set.tables) {
      if (std::ranges::none_of(table->lines, has_joules)) continue;
      kinds.insert(joules_kind(*table));
      const Drawing drawing(*table, axes, figure.frame);
      figure.panels.push_back(drawing.panel());
      front = front || drawing.has_front();
      error_bars = error_bars || drawing.has_error_bars();
      names = names && drawing.has_names();
    }
    if (figure.panels.empty()) continue;
    figure.subtitle = subtitle_of(set.key, kinds_note(kinds));
    if (front) add_sentence(figure.subtitle, "Dashed steps: Pareto front");
    if (error_bars)
      add_sentence(figure.subtitle, "Error bars: standard deviation over repetitions; of joules, U (k=2) where it is larger");
    if (!names) add_sentence(figure.subtitle, without_names);
    result.push_back(std::move(figure));
  }
  return result;
}

}  // namespace tbft::plots
