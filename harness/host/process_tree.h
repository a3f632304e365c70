// The descendants of a process.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tbft {

// Children, grandchildren and so on of a process, from /proc/PID/task/*/children, without `root` itself. It is a snapshot:
// processes that start later are missing.
std::vector<pid_t> descendants(pid_t root, const std::filesystem::path& proc = "/proc");

// Seconds in one tick of procfs.
double tick_s();

struct ProcessInfo {
  std::string name;
  pid_t group = 0;
  bool ended = true;       // or it never existed; a zombie has ended too, although it is still listed
  double processor_s = 0;  // its own, and that of children for which it waited
};
ProcessInfo process_info(pid_t process, const std::filesystem::path& proc = "/proc");
// The same for a folder such as /proc/self.
ProcessInfo read_process(const std::filesystem::path& folder);

// The descendants of this process but the processes `earlier` with all that they start, such as a meter that is a program. What
// they start is found by its parents and by its process group, unless that is this process's own.
std::vector<pid_t> descendants_but(const std::vector<pid_t>& earlier);

// A descendant of this process that outlived the command that started it.
struct LeftBehind {
  pid_t process;
  std::string name;
  double processor_s;  // until it was found
};
// All descendants_but(earlier) that run.
std::vector<LeftBehind> left_behind(const std::vector<pid_t>& earlier);
// What they have done since they were found; empty where there are none.
std::string left_text(const std::vector<LeftBehind>& left);

}  // namespace tbft
