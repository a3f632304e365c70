// The use of the processors during a window by this program (with its descendants) and by others. Read from procfs under an
// injected root.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tbft {

// The share of the processors used by others above which programs warn. Above results::contended_pct a cell is marked.
inline constexpr double crowded_pct = 10;

// Processor time since boot at one instant, in seconds, for each processor.
struct ProcessorTimes {
  std::vector<double>
      busy_s;  // for each processor: all time except idle and waiting, including time that a hypervisor gave to others
  std::vector<bool> allowed;  // whether this process may run there
  double own_s = 0;           // this process, its children that ended, and its descendants
  double wall_s = 0;          // steady clock
};
// nullopt where /proc/stat cannot be read (no procfs, or another format).
std::optional<ProcessorTimes> processor_times(const std::filesystem::path& root);

struct ProcessorUse {
  double busy_pct = 0;         // of all processors
  double busy_processors = 0;  // the same as a number of processors
  // The share that other programs used of all processors, or of those that this process may use, whichever is larger. A process
  // that may use 2 of 64 processors is disturbed by a neighbour that is 3 % of the whole machine. nullopt where the window is
  // too short (the kernel counts in steps of 10 ms).
  std::optional<double> other_pct;
};
// nullopt where one of the two instants is unknown.
std::optional<ProcessorUse> processor_use(const std::optional<ProcessorTimes>& before,
                                          const std::optional<ProcessorTimes>& after);

// "other programs took 45 % of the processors"
std::string other_programs_text(double other_pct);

// Processors that a container's quota allows this process, such as 0.5: the smallest cgroup v2 cpu.max or v1 cfs quota on the
// path to the root. nullopt: no quota.
std::optional<double> cpu_quota(const std::filesystem::path& root);

}  // namespace tbft
