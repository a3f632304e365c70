// The processes that a command started, and theirs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

namespace tbft {

// Children, grandchildren and so on of a process, from /proc/PID/task/*/children. `root` itself is not among them. A snapshot:
// what starts later is not in it.
std::vector<pid_t> descendants(pid_t root, const std::filesystem::path& proc = "/proc");

}  // namespace tbft
