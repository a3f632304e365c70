// The best points of a sweep over threads, batches or frequencies: those strategies at those points that no other one beats in
// both accuracy and training joules (the Pareto front).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/tables/overview.h"
#include "results/tables/section.h"

namespace tbft::results {

struct FrontierPoint {
  std::string strategy, point;
  Statistics accuracy_pct;
  TrainJoules train;
  // Training joules for each percentage point over `none` at the same point; unknown unless the accuracy's interval (of one
  // repetition: its mean) lies above that of `none`.
  double J_per_point = unknown;
};

// Of one level of drift of one protocol, board and network.
struct Frontier {
  Key key;                            // without condition, training size and point
  std::vector<FrontierPoint> points;  // by rising joules
  std::string obstacle;               // the reason why the points' joules cannot be compared; `points` is then empty
  std::vector<std::string> captions;  // what the joules are
};
// One for each level with at least two points of a sweep, from the means that the summary shows.
std::vector<Frontier> frontiers(std::span<const Overview> overviews);

Section section_of(const Frontier& frontier);

}  // namespace tbft::results
