// Which cell of a sweep may start next, where several run at once: work that cells share is done by the first of them, while
// the others wait for its outcome.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"

namespace tbft {

class JobQueue {
 public:
  // `shared_work` names what a cell needs that other cells need, too: a search, an evaluation of the base model. The cells
  // outlive this.
  JobQueue(const std::vector<const Cell*>& cells, std::function<std::vector<std::string>(const Cell&)> shared_work);

  // The first cell that waits for nobody, and begins; nullptr where every cell left waits, or none is left.
  const Cell* next();
  // A cell that began has ended, well or not: who waited for its shared work may start.
  void ended(const Cell& cell);
  bool empty() const { return waiting_.empty(); }

 private:
  std::list<const Cell*> waiting_;
  std::function<std::vector<std::string>(const Cell&)> shared_work_;
  std::set<std::string> in_work_, done_;
};

}  // namespace tbft
