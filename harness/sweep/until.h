// sweep.until: how many repetitions a cell needs. Those that its result no longer needs are not run.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "harness/experiment/plan.h"
#include "harness/experiment/settings.h"
#include "results/schema.h"

namespace tbft {

class Until {
 public:
  // `target` is that of Settings; without one no cell has enough.
  explicit Until(const Precision& target) : target_(target) {}

  // Takes a row into account; one of status ok that is not contended counts if it has the quantity.
  void add(const results::CellRow& row);
  // Whether the repetitions so far suffice: at least three, and the half-width of the 95 % interval of their mean is at most
  // the target. A cell of a strategy that has nothing to measure (`none` trains nothing) has enough after three.
  bool enough(const Cell& cell) const;

 private:
  // What repetitions of one cell share: drift, condition, size, strategy, point.
  using Same = std::tuple<std::string, std::string, double, std::string, std::string>;
  struct Seen {
    std::set<std::string> cells;  // ids, so that a cell that is run again counts once
    std::vector<double> values;
  };

  Precision target_;
  std::map<Same, Seen> seen_;
};

}  // namespace tbft
