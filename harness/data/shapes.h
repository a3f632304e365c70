// The outlines of the synthetic data set's classes as polygons, and the signed distance to them.
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

// One shape for each class, in the order of the labels.
std::span<const Shape> shapes();

// Distance of p to the polygon's edge, negative inside (even-odd rule).
double signed_distance(std::span<const Point> polygon, Point p);

}  // namespace tbft::data
