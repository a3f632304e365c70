// The processes that a command started, and theirs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tbft {

// Children, grandchildren and so on of a process, from /proc/PID/task/*/children. `root` itself is not among them. A snapshot:
// what starts later is not in it.
std::vector<pid_t> descendants(pid_t root, const std::filesystem::path& proc = "/proc");

// Seconds of one tick of procfs.
double tick_s();

struct ProcessInfo {
  std::string name;
  bool ended = true;       // or never there; one that nobody waited for is still listed
  double processor_s = 0;  // its own and that of children that it waited for
};
ProcessInfo process_info(pid_t process, const std::filesystem::path& proc = "/proc");
// The same of /proc/self and the like.
ProcessInfo read_process(const std::filesystem::path& folder);

}  // namespace tbft
