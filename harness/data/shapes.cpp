#include "harness/data/shapes.h"

#include <algorithm>
#include <cmath>

namespace tbft::data {
namespace {

// Points of an arc around the origin from (0, -r) clockwise through (r, 0) to (0, r), in `steps` segments. The rational
// parametrisation needs no sine.
std::vector<Point> right_arc(double radius, int steps) {
  std::vector<Point> arc;
  for (int i = 0; i <= steps; ++i) {
    const double t = -1 + 2.0 * i / steps;
    arc.push_back({.x = radius * (1 - t * t) / (1 + t * t), .y = radius * 2 * t / (1 + t * t)});
  }
  return arc;
}

// The outline whose right half goes from top to bottom.
std::vector<Point> symmetric(std::vector<Point> outline) {
  for (std::size_t i = outline.size(); i-- > 0;)
    if (outline[i].x != 0) outline.push_back({.x = -outline[i].x, .y = outline[i].y});
  return outline;
}

// A crescent: the right half of a disc minus a flatter arc between the same tips.
std::vector<Point> crescent() {
  auto outline = right_arc(1, 12);
  for (std::size_t i = outline.size() - 2; i > 0; --i) outline.push_back({.x = 0.35 * outline[i].x, .y = outline[i].y});
  for (auto& point : outline) point.x -= 0.6;
  return outline;
}

}  // namespace

std::span<const Shape> shapes() {
  static const std::vector<Shape> all{
      {"disc", symmetric(right_arc(0.9, 12))},
      {"square", symmetric({{.8, -.8}, {.8, .8}})},
      {"triangle", symmetric({{0, -1}, {.95, .75}})},
      {"plus", symmetric({{.3, -.95}, {.3, -.3}, {.95, -.3}, {.95, .3}, {.3, .3}, {.3, .95}})},
      {"star", symmetric({{0, -1}, {.26, -.36}, {.95, -.31}, {.42, .14}, {.59, .81}, {0, .44}})},
      {"crescent", crescent()},
      {"arrow", symmetric({{0, -1}, {.85, -.05}, {.35, -.05}, {.35, .95}})},
      {"corner", {{-.8, -.9}, {-.2, -.9}, {-.2, .3}, {.8, .3}, {.8, .9}, {-.8, .9}}},
      {"hourglass", symmetric({{.8, -.95}, {.15, 0}, {.8, .95}})},
      {"tee", symmetric({{.9, -.9}, {.9, -.3}, {.3, -.3}, {.3, .9}})},
  };
  return all;
}

double signed_distance(std::span<const Point> polygon, Point p) {
  double nearest = INFINITY;
  bool inside = false;
  Point from = polygon.back();
  for (const Point to : polygon) {
    const double ex = to.x - from.x, ey = to.y - from.y;
    const double wx = p.x - from.x, wy = p.y - from.y;
    const double along = std::clamp((wx * ex + wy * ey) / (ex * ex + ey * ey), 0.0, 1.0);
    const double bx = wx - along * ex, by = wy - along * ey;
    nearest = std::min(nearest, bx * bx + by * by);
    if ((from.y > p.y) != (to.y > p.y) && wx < ex * wy / ey) inside = !inside;
    from = to;
  }
  return inside ? -std::sqrt(nearest) : std::sqrt(nearest);
}

}  // namespace tbft::data
