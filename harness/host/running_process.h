// A process that this program did not start: found by number or name, and waited for.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace tbft {

struct RunningProcess {
  pid_t pid = 0;
  std::string name;  // as the kernel has it: at most 15 bytes
};

// The running process of this number, or the only one of this name. Throws UsageError, which begins with `option`, where there
// is none, or several of that name, whose numbers it lists.
RunningProcess find_process(std::string_view option, const std::string& number_or_name,
                            const std::filesystem::path& proc = "/proc");

// Returns when the process has ended: at once by a pidfd, or where the kernel has none (before 5.3) within 20 ms. `check` is
// called every 200 ms at the latest and may throw to end the waiting, or return false.
void await_end(const RunningProcess& process, const std::function<bool()>& check);

}  // namespace tbft
