// Mean, spread and 95 % interval of repeated results.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

namespace tbft::results {

// "Unknown" for a number of a summary. Never 0.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct Statistics {
  std::size_t n = 0;
  double mean = unknown;
  double sd = unknown;                   // of the sample (n - 1)
  double low = unknown, high = unknown;  // 95 % interval of the mean
};

// Of independent finite values. The interval is Student's t for 2 to 9 values, the bootstrap percentile interval (10,000
// resamples, fixed seed: the same values in the same order give the same interval) from 10, and unknown for 1.
Statistics statistics(std::span<const double> values);

}  // namespace tbft::results
