// Measures a meter's rates, jitter, gaps, cost and noise.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tbft/power/capture.h"
#include "tbft/power/meter.h"

namespace tbft::power {

struct SelfTest {
  double duration_s = 0;
  // Rates per second: requested, nominal, polls, and new values.
  double requested_hz = unknown;
  double nominal_hz = unknown;
  double polled_hz = unknown;
  double distinct_hz = unknown;
  std::size_t readings = 0;  // new values
  std::size_t repeats = 0;   // repeated values
  std::size_t failures = 0;  // failed reads
  std::size_t resets = 0;    // the device was found reset
  std::size_t clipped = 0;   // at the end of the range
  std::size_t missed = 0;    // deadlines that passed without a poll
  Scheduling scheduling;     // scheduling of the sampling thread
  // Time from one new value to the next.
  double spacing_median_s = unknown;
  double spacing_p95_s = unknown;
  double spacing_max_s = unknown;
  // Share of one core.
  double sampler_cpu_pct = unknown;
  double process_cpu_pct = unknown;
  // Power; for a counter, its difference divided by the spacing.
  double mean_W = unknown;
  double sd_W = unknown;              // standard deviation of single readings
  double allan_1s_W = unknown;        // Allan deviation of 1 s means: their noise without drift; needs 3 s
  std::vector<std::string> problems;  // empty: the meter works as specified

  bool ok() const { return problems.empty(); }
};

// Judges a capture of a meter: the rate against the requested and the nominal one, gaps, cost and energy. A pure function;
// throws nothing.
SelfTest self_test(const Capture& capture, const MeterInfo& meter);

}  // namespace tbft::power
