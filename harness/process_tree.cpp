#include "harness/process_tree.h"

#include <fstream>
#include <string>

namespace tbft {

std::vector<pid_t> descendants(pid_t root, const std::filesystem::path& proc) {
  std::vector<pid_t> found;
  std::vector<pid_t> parents{root};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    std::error_code gone;  // a process may end while we look
    for (std::filesystem::directory_iterator task(proc / std::to_string(parent) / "task", gone), end; !gone && task != end;
         task.increment(gone)) {
      std::ifstream in(task->path() / "children");
      for (pid_t child = 0; in >> child;) {
        found.push_back(child);
        parents.push_back(child);
      }
    }
  }
  return found;
}

}  // namespace tbft
