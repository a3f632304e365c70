#include "harness/host/process_tree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "results/text.h"

namespace tbft {

std::vector<pid_t> descendants(pid_t root, const std::filesystem::path& proc) {
  std::vector<pid_t> found;
  std::vector<pid_t> parents{root};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    std::error_code gone;  // a process may end meanwhile
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

ProcessInfo process_info(pid_t process, const std::filesystem::path& proc) {
  return read_process(proc / std::to_string(process));
}

// PID (NAME) STATE ... utime stime cutime cstime. The name may contain anything, so columns are counted from its closing
// parenthesis.
ProcessInfo read_process(const std::filesystem::path& folder) {
  std::ifstream in(folder / "stat");
  std::string text;
  std::getline(in, text, '\0');
  const auto begin = text.find('('), end = text.rfind(')');
  ProcessInfo info;
  if (begin == std::string::npos || end == std::string::npos || end < begin) return info;
  info.name = text.substr(begin + 1, end - begin - 1);
  std::istringstream columns(text.substr(end + 1));
  std::string state, skipped;
  columns >> state >> skipped >> info.group;  // `skipped`: ppid
  info.ended = state == "Z" || state == "X";
  for (int i = 0; i < 8; ++i) columns >> skipped;  // session to cmajflt
  double ticks = 0, sum = 0;
  for (int i = 0; i < 4 && columns >> ticks; ++i) sum += ticks;
  info.processor_s = sum * tick_s();
  return info;
}

double tick_s() {
  const long hz = sysconf(_SC_CLK_TCK);
  return 1 / static_cast<double>(hz > 0 ? hz : 100);
}

std::vector<pid_t> descendants_but(const std::vector<pid_t>& earlier) {
  std::set<pid_t> left_out(earlier.begin(), earlier.end()), groups;
  for (const pid_t process : earlier) {
    if (const pid_t group = process_info(process).group; group != 0 && group != getpgrp()) groups.insert(group);
    for (const pid_t started : descendants(process)) left_out.insert(started);
  }
  auto found = descendants(getpid());
  if (!earlier.empty()) groups.insert(ProcessInfo{}.group);  // of one that is gone by now
  std::erase_if(found, [&](pid_t process) {
    return left_out.contains(process) || (!groups.empty() && groups.contains(process_info(process).group));
  });
  return found;
}

std::vector<LeftBehind> left_behind(const std::vector<pid_t>& earlier) {
  std::vector<LeftBehind> found;
  for (const pid_t process : descendants_but(earlier)) {
    const auto info = process_info(process);
    if (!info.ended) found.push_back({process, results::printable(info.name, 40), info.processor_s});
  }
  return found;
}

std::string left_text(const std::vector<LeftBehind>& left) {
  if (left.empty()) return {};
  std::set<std::string> names;
  double processor_s = 0;
  for (const auto& [process, name, before_s] : left) {
    names.insert(name);
    processor_s += std::max(0.0, process_info(process).processor_s - before_s);
  }
  return fmt::format(
      "the command left {} process{} behind ({}), which took {:.2f} s of processor time in the idle window after it: idle "
      "power may be too high and net too low",
      left.size(), left.size() == 1 ? "" : "es", fmt::join(names, ", "), processor_s);
}

}  // namespace tbft
