// All that a meter says over a stretch of time, kept in memory: for tests and calibrations of the meter itself.
#pragma once

#include <vector>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/sampling.h"

namespace tbft::power {

struct Capture {
  std::vector<Reading> readings;  // failed and repeated ones too
  double duration_s = 0;
  SamplerStats sampler;
  double process_cpu_s = unknown;  // of the whole process meanwhile
};

inline constexpr double longest_capture_s = 600;  // bounds its memory

// Samples for `duration_s` (at most longest_capture_s), or plays an instant recording at once. interval_s 0: the meter's
// nominal period. Throws MeterUnavailable, RealtimeForbidden, and what the meter throws while it is sampled.
Capture capture(Meter& meter, Clock& clock, double duration_s, double interval_s = 0, Realtime realtime = Realtime::automatic);

}  // namespace tbft::power
