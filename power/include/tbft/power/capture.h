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

inline constexpr Seconds longest_capture{600};  // bounds its memory

// Samples the meter at its interval() for `duration` (at most longest_capture), or plays an instant recording at once. Throws
// std::invalid_argument for another duration, MeterUnavailable, RealtimeForbidden, and what the meter throws while it is
// sampled.
Capture capture(Meter& meter, Clock& clock, Seconds duration, Realtime realtime = Realtime::automatic);

}  // namespace tbft::power
