// Decides which cell may start next when several run at once. The first of several cells does the work that they share; the
// others wait for its outcome.
#pragma once

#include <functional>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "harness/experiment/plan.h"

namespace tbft {

class JobQueue {
 public:
  // `shared_work` names the work that a cell shares with others: searches, evaluations of the base model. The cells must
  // outlive this object.
  JobQueue(const std::vector<const Cell*>& cells, std::function<std::vector<std::string>(const Cell&)> shared_work);

  // Starts the first cell that need not wait and returns it; nullptr if every remaining cell waits, or none remains.
  const Cell* next();
  // Reports that a cell has ended, with or without success, so that cells waiting for its shared work may start.
  void ended(const Cell& cell);
  bool empty() const { return waiting_.empty(); }

 private:
  std::list<const Cell*> waiting_;
  std::function<std::vector<std::string>(const Cell&)> shared_work_;
  std::set<std::string> in_work_, done_;
};

}  // namespace tbft
