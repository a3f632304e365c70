#include "harness/host/processor_use.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>

#include "harness/host/process_tree.h"

namespace tbft {

namespace fs = std::filesystem;

namespace {

constexpr double shortest_s = 1;  // processor seconds; a tick of 10 ms is then 1 %

// Seconds that were neither idle nor waiting, from "cpu3 user nice system idle iowait irq softirq steal guest guest_nice". user
// and nice include the guests.
std::optional<double> busy_s(std::istringstream& columns) {
  double sum = 0;
  int column = 0;
  for (double ticks = 0; column < 8 && columns >> ticks; ++column) {
    if (column != 3 && column != 4) sum += ticks;
  }
  return column >= 4 ? std::optional(sum * tick_s()) : std::nullopt;
}

bool may_run_on(std::size_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return true;
  return cpu >= CPU_SETSIZE || CPU_ISSET(cpu, &set);
}

std::optional<double> first_number(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  return in >> value ? std::optional(value) : std::nullopt;  // "max" is not a number
}

// The quota of one group.
std::optional<double> quota_v2(const fs::path& group) {
  std::ifstream in(group / "cpu.max");
  double quota = 0, period = 0;
  return in >> quota >> period && period > 0 ? std::optional(quota / period) : std::nullopt;
}
std::optional<double> quota_v1(const fs::path& group) {
  const auto quota = first_number(group / "cpu.cfs_quota_us"), period = first_number(group / "cpu.cfs_period_us");
  return quota && period && *quota > 0 && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
}

// The smallest quota of a group and of its parents below `mount`. A container sees its own group as the root, so the path may
// not exist under the mount; then the mount itself counts.
template <typename Quota>
std::optional<double> least(const fs::path& mount, const std::string& path, Quota quota) {
  std::optional<double> result;
  fs::path relative = fs::path(path).relative_path();
  while (true) {
    const auto here = quota(mount / relative);
    if (here && (!result || *here < *result)) result = here;
    if (relative.empty()) return result;
    relative = relative.parent_path();
  }
}

}  // namespace

std::optional<ProcessorTimes> processor_times(const fs::path& root) {
  ProcessorTimes times;
  std::ifstream in(root / "proc/stat");
  for (std::string line; std::getline(in, line) && line.starts_with("cpu");) {
    std::size_t cpu = 0;
    const auto [end, error] = std::from_chars(line.data() + 3, line.data() + line.size(), cpu);
    if (error != std::errc{}) continue;  // the line with the sum of all processors
    std::istringstream columns(line.substr(static_cast<std::size_t>(end - line.data())));
    const auto busy = busy_s(columns);
    if (!busy) return std::nullopt;
    times.busy_s.push_back(*busy);
    times.allowed.push_back(may_run_on(cpu));
  }
  if (times.busy_s.empty()) return std::nullopt;
  const fs::path proc = root / "proc";
  times.own_s = read_process(proc / "self").processor_s;
  for (const pid_t process : descendants(getpid(), proc)) times.own_s += process_info(process, proc).processor_s;
  times.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return times;
}

std::optional<ProcessorUse> processor_use(const std::optional<ProcessorTimes>& before,
                                          const std::optional<ProcessorTimes>& after) {
  // A processor that went offline or came online in between has no difference.
  if (!before || !after || before->busy_s.size() != after->busy_s.size()) return std::nullopt;
  const double wall_s = after->wall_s - before->wall_s;
  if (!(wall_s > 0)) return std::nullopt;
  double busy_s = 0, allowed_busy_s = 0, allowed = 0;
  for (std::size_t i = 0; i < after->busy_s.size(); ++i) {
    const double s = std::max(0.0, after->busy_s[i] - before->busy_s[i]);
    busy_s += s;
    if (!after->allowed[i]) continue;
    allowed_busy_s += s;
    ++allowed;
  }
  const double all_s = wall_s * static_cast<double>(after->busy_s.size());
  ProcessorUse use;
  use.busy_processors = busy_s / wall_s;
  use.busy_pct = std::min(100.0, 100 * busy_s / all_s);
  if (all_s < shortest_s) return use;
  const double own_s = after->own_s - before->own_s;
  const auto others_pct = [&](double busy, double of_s) { return of_s > 0 ? 100 * (busy - own_s) / of_s : 0; };
  use.other_pct = std::clamp(std::max(others_pct(busy_s, all_s), others_pct(allowed_busy_s, allowed * wall_s)), 0.0, 100.0);
  return use;
}

std::string other_programs_text(double other_pct) {
  return fmt::format("other programs took {:.0f} % of the processors", other_pct);
}

std::optional<double> cpu_quota(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::optional<double> result;
  std::ifstream in(root / "proc/self/cgroup");
  // "0::/user.slice/x" (v2), "4:cpu,cpuacct:/docker/1f" (v1)
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    std::optional<double> quota;
    if (controllers.empty()) {
      quota = least(mount, path, quota_v2);
    } else if ((',' + controllers + ',').find(",cpu,") != std::string::npos) {
      quota = least(mount / controllers, path, quota_v1);
      if (!quota) quota = least(mount / "cpu", path, quota_v1);
    }
    if (quota && (!result || *quota < *result)) result = quota;
  }
  return result;
}

}  // namespace tbft
