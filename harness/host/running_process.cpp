#include "harness/host/running_process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "harness/host/process_tree.h"
#include "harness/host/usage_error.h"
#include "results/text.h"

namespace tbft {

namespace {

constexpr int patience_ms = 200;
constexpr std::size_t kernel_name = 15;  // /proc/PID/stat cuts names

std::optional<pid_t> number_of(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  const bool whole = error == std::errc() && end == text.data() + text.size() && pid > 0;
  return whole ? std::optional(pid) : std::nullopt;
}

std::vector<pid_t> processes_named(const std::string& name, const std::filesystem::path& proc) {
  std::vector<pid_t> found;
  std::error_code gone;  // a process may end meanwhile
  for (std::filesystem::directory_iterator entry(proc, gone), end; !gone && entry != end; entry.increment(gone)) {
    const auto pid = number_of(entry->path().filename().string());
    if (!pid || *pid == getpid()) continue;
    const auto info = process_info(*pid, proc);
    if (!info.ended && info.name == name.substr(0, kernel_name)) found.push_back(*pid);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

RunningProcess find_process(std::string_view option, const std::string& number_or_name, const std::filesystem::path& proc) {
  const std::string shown = results::printable(number_or_name, 60);
  if (const auto pid = number_of(number_or_name)) {
    const auto info = process_info(*pid, proc);
    if (info.ended) throw UsageError(fmt::format("{} {}: no such process runs", option, shown));
    return {*pid, info.name};
  }
  const auto found = processes_named(number_or_name, proc);
  if (found.empty()) throw UsageError(fmt::format("{} {}: no process of this name runs", option, shown));
  if (found.size() > 1)
    throw UsageError(fmt::format(
        "{} {}: {} processes have this name; give the number of one: {}", option, shown, found.size(),
        fmt::join(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(found.size(), 8)), ", ")));
  return {found.front(), number_or_name.substr(0, kernel_name)};
}

void await_end(const RunningProcess& process, const std::function<bool()>& check) {
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  const auto close_it = [&] {
    if (descriptor >= 0) close(descriptor);
  };
  try {
    while (!process_info(process.pid).ended && check()) {
      pollfd ends{.fd = descriptor, .events = POLLIN, .revents = 0};
      if (descriptor < 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      else if (poll(&ends, 1, patience_ms) > 0)
        break;
    }
  } catch (...) {
    close_it();
    throw;
  }
  close_it();
}

}  // namespace tbft
