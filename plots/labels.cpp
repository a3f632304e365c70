#include "plots/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plots/style.h"

namespace tbft::plots {

namespace {

constexpr double point_px = 5, gap_px = 3;                        // half a point, and between it and its label
constexpr double text_height_px = 13;                             // of a line of the labels' font
constexpr std::array rings_px{0.0, 9.0, 20.0, 34.0, 50.0, 70.0};  // how much farther out a label may lie
constexpr double far_px = 8;                                      // from here on a line joins label and point

double overlap(const Rect& a, const Rect& b) {
  const double wide = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double high = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

Rect around(const LabelledPoint& point) {
  return {point.x - point_px, point.y - point_px, point.x + point_px, point.y + point_px};
}

bool contains(const Rect& box, const Spot& at) {
  return at.x > box.left && at.x < box.right && at.y > box.top && at.y < box.bottom;
}

// Boxes beside the point, from the best place to the worst: right, left, above, below, the corners; then farther out.
std::vector<Rect> candidates(const LabelledPoint& point) {
  constexpr std::array<std::array<double, 2>, 12> directions{
      {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1}, {0.5, -1}, {0.5, 1}, {-0.5, -1}, {-0.5, 1}}};
  const double width = small_text_px(point.text);
  std::vector<Rect> result;
  result.reserve(rings_px.size() * directions.size());
  for (const double ring : rings_px) {
    for (const auto& [right, down] : directions) {
      const bool corner = right != 0 && down != 0;
      const double out = point_px + gap_px + ring - (corner ? 3 : 0);
      const double x = point.x + right * (out + width / 2), y = point.y + down * (out + text_height_px / 2);
      result.push_back({x - width / 2, y - text_height_px / 2, x + width / 2, y + text_height_px / 2});
    }
  }
  return result;
}

double outside(const Rect& box, double width, double height) {
  return std::max(0.0, -box.left) + std::max(0.0, box.right - width) + std::max(0.0, -box.top) +
         std::max(0.0, box.bottom - height);
}

// Where the line from a far label begins.
Spot nearest(const Rect& box, const LabelledPoint& point) {
  return {std::clamp(point.x, box.left, box.right), std::clamp(point.y, box.top, box.bottom)};
}

double distance(const Rect& box, const LabelledPoint& point) {
  const Spot end = nearest(box, point);
  return std::hypot(end.x - point.x, end.y - point.y);
}

bool has_line(const Rect& box, const LabelledPoint& point) {
  return distance(box, point) > point_px + gap_px + far_px;
}

// Whether the line from the label to its point runs through this box.
bool runs_through(const Rect& box, const LabelledPoint& point, const Rect& other) {
  constexpr int steps = 12;
  const Spot end = nearest(box, point);
  for (int i = 1; i < steps; ++i) {
    const double part = static_cast<double>(i) / steps;
    if (contains(other, {end.x + part * (point.x - end.x), end.y + part * (point.y - end.y)})) return true;
  }
  return false;
}

}  // namespace

std::vector<Rect> place_labels(std::span<const LabelledPoint> points, std::span<const Rect> obstacles, double width,
                               double height) {
  std::vector<Rect> boxes(points.size(), Rect{-1e9, -1e9, -1e9, -1e9});
  const auto cost_of = [&](std::size_t own, const Rect& box, std::size_t rank) {
    const bool line = has_line(box, points[own]);
    double cost = static_cast<double>(rank) + 2 * distance(box, points[own]) + 1000 * outside(box, width, height);
    for (std::size_t i = 0; i < points.size(); ++i) {
      cost += 10 * overlap(box, around(points[i]));
      if (i == own) continue;
      cost += 20 * overlap(box, boxes[i]);
      if (line && runs_through(box, points[own], boxes[i])) cost += 100;
      if (line && runs_through(box, points[own], around(points[i]))) cost += 50;
      if (has_line(boxes[i], points[i]) && runs_through(boxes[i], points[i], box)) cost += 100;
    }
    for (const Rect& obstacle : obstacles) cost += 10 * overlap(box, obstacle);
    return cost;
  };
  // The first round does not know the later labels, so further rounds move each to where the others leave room.
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      double lowest = std::numeric_limits<double>::infinity();
      std::size_t rank = 0;
      for (const Rect& box : candidates(points[i])) {
        const double cost = cost_of(i, box, rank++);
        if (cost >= lowest) continue;
        lowest = cost;
        boxes[i] = box;
      }
    }
  }
  return boxes;
}

bool can_be_labelled(std::size_t points) {
  return points <= 100;
}

std::string labels_script(std::span<const LabelledPoint> points, std::span<const Rect> obstacles, const Frame& frame) {
  if (!can_be_labelled(points.size())) return "";
  int number = 1;  // of gnuplot's labels and arrows
  const double width = frame.graph_width(), height = frame.graph_height();
  const std::vector<Rect> boxes = place_labels(points, obstacles, width, height);
  std::string script;
  for (std::size_t i = 0; i < points.size(); ++i, ++number) {
    const Rect& box = boxes[i];
    script += label_script(number, points[i].text, {box.left, (box.top + box.bottom) / 2}, frame, "left");
    if (!has_line(box, points[i])) continue;
    const auto [x, y] = nearest(box, points[i]);
    script += fmt::format(
        "set arrow {} from graph {:.4f}, {:.4f} to graph {:.4f}, {:.4f} nohead linewidth 0.7 linecolor rgb \"{}\"\n", number,
        points[i].x / width, 1 - points[i].y / height, x / width, 1 - y / height, grey);
  }
  return script;
}

}  // namespace tbft::plots
