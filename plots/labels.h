// Places the labels of points so that they cover neither each other nor points, which gnuplot cannot do. Lengths are pixels of
// the graph, from its left top corner.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plots/figure.h"

namespace tbft::plots {

struct Rect {
  double left = 0, top = 0, right = 0, bottom = 0;
};

struct LabelledPoint {
  double x = 0, y = 0;
  std::string text;
};

// The boxes of the labels, in the order of the points, within a graph of this size. Each lies where it covers least: as near
// to its point as labels, points and `obstacles` leave room.
std::vector<Rect> place_labels(std::span<const LabelledPoint> points, std::span<const Rect> obstacles, double width,
                               double height);

// Whether so many points get labels: at most 100. More could not be read, and placing them would take minutes.
bool can_be_labelled(std::size_t points);
// What the subtitle says where they get none.
inline constexpr std::string_view without_names = "Points without names, because there are more than 100";

// Commands that write the labels, with a line from each that lies far from its point; empty where there are too many.
std::string labels_script(std::span<const LabelledPoint> points, std::span<const Rect> obstacles, const Frame& frame);

}  // namespace tbft::plots
