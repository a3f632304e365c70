// The outlines of the synthetic set's classes as polygons, and their signed distance.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace tbft::data {

struct Point {
  double x = 0;
  double y = 0;
};

struct Shape {
  std::string_view name;
  std::vector<Point> outline;  // closed polygon within about [-1, 1] squared, y down
};

// One a class, in the order of the labels.
std::span<const Shape> shapes();

// Distance of p to the polygon's edge, negative inside (even-odd rule).
double signed_distance(std::span<const Point> polygon, Point p);

}  // namespace tbft::data
