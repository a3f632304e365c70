// The clock and the median of the benchmarks that time two things by turns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <vector>

namespace tbft::bench {

// The processor time of all threads of this process, in seconds.
inline double processor_s() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace tbft::bench
