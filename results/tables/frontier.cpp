#include "results/tables/frontier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "results/text.h"

namespace tbft::results {

namespace {

double joules_per_point(const Table& table, const Line& line) {
  const Line* none = find_line(table, "none");
  if (none == nullptr || none->accuracy_pct.n == 0 || &line == none) return unknown;
  const auto& accuracy = line.accuracy_pct;
  const double surely = std::isnan(accuracy.low) ? accuracy.mean : accuracy.low;
  const double before = none->accuracy_pct.mean;
  return surely > before ? line.train.spread.mean / (accuracy.mean - before) : unknown;
}

std::vector<FrontierPoint> candidates(std::span<const Table* const> tables) {
  std::vector<FrontierPoint> points;
  for (const Table* table : tables)
    for (const Line& line : table->lines)
      if (line.strategy != "block-avg" && line.accuracy_pct.n > 0 && line.train.resolved)
        points.push_back({line.strategy, table->key.point, line.accuracy_pct, line.train, joules_per_point(*table, line)});
  return points;
}

// By rising joules; each is more accurate than all cheaper ones.
std::vector<FrontierPoint> front_of(std::vector<FrontierPoint> points) {
  std::ranges::stable_sort(points, [](const FrontierPoint& a, const FrontierPoint& b) {
    return std::pair(a.train.spread.mean, -a.accuracy_pct.mean) < std::pair(b.train.spread.mean, -b.accuracy_pct.mean);
  });
  std::vector<FrontierPoint> front;
  for (FrontierPoint& point : points)
    if (front.empty() || point.accuracy_pct.mean > front.back().accuracy_pct.mean) front.push_back(std::move(point));
  return front;
}

// What all tables must share, so that their joules may be compared.
std::string kind_of(const Table& table) {
  return fmt::format("{} {}", to_string(table.energy.basis), table.energy.caption);
}

Frontier frontier_of(const Key& key, const std::vector<const Table*>& tables) {
  Frontier frontier{.key = key, .points = {}, .obstacle = {}, .captions = {}};
  std::set<std::string> kinds;
  for (const Table* table : tables)
    if (table->energy.basis != Basis::none) kinds.insert(kind_of(*table));
  if (kinds.size() > 1) {
    frontier.obstacle = "net and gross joules, or joules of several meters, are not compared";
    return frontier;
  }
  for (const Table* table : tables)
    if (frontier.captions.empty() && table->energy.basis != Basis::none) frontier.captions.push_back(table->energy.caption);
  frontier.points = front_of(candidates(tables));
  return frontier;
}

}  // namespace

std::vector<Frontier> frontiers(std::span<const Overview> overviews) {
  std::map<Key, std::vector<const Table*>> levels;
  for (const Overview& overview : overviews) {
    for (const Table& level : overview.levels) {
      Key key = level.key;
      key.point.clear();
      levels[key].push_back(&level);
    }
  }
  std::vector<Frontier> result;
  for (const auto& [key, tables] : levels)
    if (tables.size() > 1) result.push_back(frontier_of(key, tables));
  return result;
}

Section section_of(const Frontier& frontier) {
  Section section{.title = fmt::format("Best points: {}", subject_text(frontier.key)),
                  .captions = frontier.captions,
                  .origin = origin_text(origin_of(frontier.key))};
  if (!frontier.obstacle.empty()) section.captions.push_back(frontier.obstacle);
  if (frontier.points.empty()) return section;
  section.captions.emplace_back(
      "each is more accurate than everything that trains with fewer joules; means over conditions and sizes");
  section.cells.push_back({"strategy", "point", "n", "accuracy %", "train J", "J a point gained"});
  section.least_needed = {2};
  for (const FrontierPoint& point : frontier.points)
    section.cells.push_back({printable(point.strategy, 40), point.point.empty() ? "-" : printable(point.point, 80),
                             std::to_string(point.accuracy_pct.n), decimals(point.accuracy_pct.mean, 1),
                             with_uncertainty(point.train.spread.mean, point.train.U_J), significant(point.J_per_point, 3)});
  section.lines.emplace_back(
      "J a point gained: training joules for each percentage point over none, where the gain is certain");
  return section;
}

}  // namespace tbft::results
