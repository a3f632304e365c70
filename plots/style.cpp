#include "plots/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "plots/gnuplot.h"
#include "results/text.h"

namespace tbft::plots {

namespace {

// The page defines the variables: these are their values where it does not.
constexpr std::array colours{
    Colour{"figure-text", text_colour, "#e8e8e8"},
    Colour{"figure-grid", grid_colour, "#3a4048"},
    Colour{"figure-background", "#ffffff", "#15181c"},
    Colour{"figure-soft", grey, "#a5abb3"},
    Colour{"series-1", blue, "#2f67d5"},
    Colour{"series-2", orange, "#ee8545"},
    Colour{"series-4", brown, "#c13616"},
    Colour{"series-5", purple, "#a76a8d"},
    Colour{"series-6", olive, "#eed60d"},
    Colour{"series-7", violet, "#938cf4"},
    Colour{"series-8", teal, "#3aced6"},
};

std::string title_of(results::Key key) {
  results::Table shown;
  shown.key = std::move(key);
  return results::title(shown);
}

}  // namespace

std::span<const Colour> palette() {
  return colours;
}

Look look_of(const std::string& strategy) {
  if (strategy == "block1") return {blue, 5};
  if (strategy == "block2") return {orange, 7};
  if (strategy == "block3") return {teal, 9};
  if (strategy == "fc") return {purple, 13};
  if (strategy == "full") return {text_colour, 11};
  if (strategy == "block-avg") return {grey, 15};
  if (strategy == "none") return {grey, 1};
  if (strategy == "bn-stats") return {brown, 6};
  if (results::is_block(strategy)) return {olive, strategy.back() % 2 == 0 ? 8 : 10};
  constexpr std::array shapes{4, 8, 10, 12, 14};  // open ones for all other strategies
  return {violet, shapes.at(std::hash<std::string>{}(strategy) % shapes.size())};
}

std::string name_of(std::string_view kind, const results::TableSet& set, std::size_t index) {
  std::string name = fmt::format("{}-{}-{}", kind, set.key.dataset, set.key.drift);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '-';
  }
  return index == 0 ? name.substr(0, 80) : fmt::format("{}-{}", name.substr(0, 80), index + 1);
}

std::string subject_of(const results::Key& key) {
  return title_of({key.dataset, key.drift, key.condition, std::nullopt, "", "", "", ""});
}

std::string subtitle_of(const results::Key& key, std::string_view note) {
  const std::string protocol = key.protocol.empty() ? "" : key.protocol + " protocol";
  std::string text = results::comma_list({protocol, key.board, key.network, key.point, std::string(note)});
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

void add_sentence(std::string& subtitle, std::string_view sentence) {
  subtitle += subtitle.empty() ? "" : ". ";
  subtitle += sentence;
}

std::string size_title(const results::Key& key) {
  return key.train_size ? results::percent_text(*key.train_size) + " of the data for training" : "";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t characters) {
  std::vector<std::string> lines;
  while (text.size() > characters) {
    const std::size_t blank = text.rfind(' ', characters);
    const bool inside = blank == std::string_view::npos || blank == 0;
    lines.emplace_back(text.substr(0, inside ? characters : blank));
    text.remove_prefix(inside ? characters : blank + 1);
  }
  if (!text.empty()) lines.emplace_back(text);
  return lines;
}

double small_text_px(std::string_view text) {
  constexpr double character_px = 6.6;
  return character_px * static_cast<double>(text.size());
}

Axis axis_of(double low, double high, std::optional<double> least, std::optional<double> most) {
  constexpr double most_of_all = 1e300;  // damaged files have numbers whose sums are infinite
  low = std::clamp(low, -most_of_all, most_of_all);
  high = std::clamp(high, low, most_of_all);
  // Wide enough for the numbers at the tics to differ, even where all values are the same.
  const double size = std::max(std::abs(low), std::abs(high));
  const double room = size == 0 ? 0.5 : std::max(0.04 * (high - low), 5e-4 * size);
  const double span = high - low + 2 * room;
  // Steps of 1, 2 or 5 times a power of ten, about five of them.
  const double power = std::pow(10, std::floor(std::log10(span / 4)));
  const double digits = span / 4 / power;
  const double step = power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
  const auto outwards = [&](double value, double direction) {
    const double half = step / 2;
    return direction * std::ceil(direction * value / half - 1e-9) * half;
  };
  Axis axis{outwards(low - room, -1), outwards(high + room, 1), step};
  if (least) axis.from = std::max(axis.from, *least);
  if (most) axis.to = std::min(axis.to, *most);
  if (axis.to <= axis.from) axis.to = axis.from + step;  // all values lie beyond what can be
  return axis;
}

std::string x_axis_script(const Axis& range, std::string_view label, const Frame& frame) {
  constexpr double below_px = 36;
  return fmt::format("set xrange [{:.9g}:{:.9g}]\nset xtics {:.9g} offset 0, 0.5\n", range.from, range.to, range.step) +
         fmt::format("set label 801 {} at graph 0.5, {:.4f} center\n", in_quotes(label), -below_px / frame.graph_height());
}

std::string y_axis_script(const Axis& range, std::string_view label, const Frame& frame) {
  constexpr double edge_px = 12;
  return fmt::format("set yrange [{:.9g}:{:.9g}]\nset ytics {:.9g} offset 0.5, 0\n", range.from, range.to, range.step) +
         fmt::format("set label 802 {} at graph {:.4f}, 0.5 center rotate by 90\n", in_quotes(label),
                     (edge_px - frame.left) / frame.graph_width());
}

std::string rows_script(std::span<const std::string> names) {
  std::string tics;
  for (std::size_t i = 0; i < names.size(); ++i)
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", tic_label(results::printable(names[i], 24)), i);
  return fmt::format("set yrange [{}.5:-0.5]\nset ytics ({}) scale 0\n", static_cast<int>(names.size()) - 1, tics);
}

Frame rows_frame(std::span<const std::string> names, std::size_t panels) {
  constexpr int row_px = 20;
  std::size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, std::min<std::size_t>(name.size(), 27));
  Frame frame{.width = panels > 1 ? 360 : 480, .left = 20 + static_cast<int>(7 * longest), .top = 38};
  frame.height = frame.top + frame.bottom + row_px * static_cast<int>(names.size());
  return frame;
}

std::string label_script(int number, std::string_view text, Spot at, const Frame& frame, std::string_view alignment) {
  return fmt::format("set label {} {} at graph {:.4f}, {:.4f} {} front font \",11\"\n", number, in_quotes(text),
                     at.x / frame.graph_width(), 1 - at.y / frame.graph_height(), alignment);
}

std::string add_legend(Frame& frame, std::span<const LegendItem> items) {
  constexpr double line_px = 17, box_px = 10, text_px = 15, space_px = 14, edge_px = 8;
  constexpr int first = 1'000'000;  // of its labels and boxes: beyond those of any graph and of axes and titles
  struct Place {
    double x;
    int line;
  };
  std::vector<Place> places;
  places.reserve(items.size());
  double x = edge_px;
  int line = 0;
  for (const LegendItem& item : items) {
    const double width = text_px + small_text_px(item.text);
    if (x > edge_px && x + width > frame.width - edge_px) {
      x = edge_px;
      ++line;
    }
    places.push_back({x, line});
    x += width + space_px;
  }
  const int graph_px = frame.graph_height();
  const double top_px = graph_px + frame.bottom + line_px / 2 + 1;
  frame.bottom += static_cast<int>(line_px) * (line + 1) + 4;
  frame.height = frame.top + graph_px + frame.bottom;
  std::string script;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const int number = first + 2 * static_cast<int>(i);
    const double left = places[i].x - frame.left, middle = top_px + line_px * places[i].line;
    const auto at = [&](double dx, double dy) {
      return fmt::format("graph {:.4f}, {:.4f}", (left + dx) / frame.graph_width(), 1 - (middle + dy) / graph_px);
    };
    script += label_script(number, items[i].text, {left + text_px, middle}, frame, "left");
    if (items[i].point == 0) {
      script += fmt::format(
          "set object {} rectangle from {} to {} front noclip fillcolor rgb \"{}\" fillstyle transparent solid {} noborder\n",
          number, at(0, box_px / 2), at(box_px, -box_px / 2), items[i].colour, items[i].opacity);
    } else {
      script += fmt::format("set label {} \"\" at {} front point pointtype {} pointsize 0.8 linecolor rgb \"{}\"\n", number + 1,
                            at(box_px / 2, 0), items[i].point, items[i].colour);
    }
  }
  return script;
}

double or_zero(double value) {
  return std::isfinite(value) ? value : 0;
}

}  // namespace tbft::plots
