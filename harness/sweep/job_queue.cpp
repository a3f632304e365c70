#include "harness/sweep/job_queue.h"

#include <algorithm>

namespace tbft {

JobQueue::JobQueue(const std::vector<const Cell*>& cells, std::function<std::vector<std::string>(const Cell&)> shared_work)
    : waiting_(cells.begin(), cells.end()), shared_work_(std::move(shared_work)) {}

const Cell* JobQueue::next() {
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    const auto work = shared_work_(**it);
    if (std::ranges::any_of(work, [&](const std::string& name) { return in_work_.contains(name); })) continue;
    for (const auto& name : work)
      if (!done_.contains(name)) in_work_.insert(name);
    const Cell* cell = *it;
    waiting_.erase(it);
    return cell;
  }
  return nullptr;
}

// No other cell can have begun the work that this cell holds, so all of it is released here.
void JobQueue::ended(const Cell& cell) {
  for (const auto& name : shared_work_(cell)) {
    in_work_.erase(name);
    done_.insert(name);
  }
}

}  // namespace tbft
