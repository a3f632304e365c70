// Who used the processors during a window: this program with what it started, or others. Read from procfs under an injected
// root.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tbft {

// Of the processors, taken by others: from here on worth a warning. From results::contended_pct on a cell is marked.
inline constexpr double crowded_pct = 10;

// Seconds of processor time at one instant, by each processor.
struct ProcessorTimes {
  std::vector<double> busy_s;  // of each processor: everything but idle and waiting, with what a hypervisor gave to others
  std::vector<bool> allowed;   // whether this process may run there
  double own_s = 0;            // this process, its children that ended, and its descendants
  double wall_s = 0;           // steady clock
};
// nullopt where /proc/stat cannot be read (no procfs, or not as Linux writes it).
std::optional<ProcessorTimes> processor_times(const std::filesystem::path& root);

struct ProcessorUse {
  double busy_pct = 0;         // of all processors
  double busy_processors = 0;  // the same as a number of processors
  // Of all processors, or of those that this process may use where others have more of them: busy, but not by us. nullopt where
  // the window is too short to tell (the kernel counts in steps of 10 ms).
  std::optional<double> other_pct;
};
// nullopt where one end is unknown.
std::optional<ProcessorUse> processor_use(const std::optional<ProcessorTimes>& before,
                                          const std::optional<ProcessorTimes>& after);

// "other programs took 45 % of the processors"
std::string other_programs_text(double other_pct);

// Processors that a container's quota leaves to this process, such as 0.5 (cgroup v2 cpu.max, v1 cfs quota; the least on the
// way to the root). nullopt: no quota.
std::optional<double> cpu_quota(const std::filesystem::path& root);

}  // namespace tbft
