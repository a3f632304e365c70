// Keeps all readings of a meter over some time in memory, for tests and calibrations of the meter.
#pragma once

#include <vector>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/sampling.h"

namespace tbft::power {

struct Capture {
  std::vector<Reading> readings;  // including failed and repeated ones
  double duration_s = 0;
  SamplerStats sampler;
  double process_cpu_s = unknown;  // CPU time of the whole process during the capture
};

inline constexpr Seconds longest_capture{600};  // limits the memory of a capture

// Samples the meter at its interval() for `duration` (at most longest_capture), or plays an instant recording at once. Throws
// std::invalid_argument for another duration, MeterUnavailable, RealtimeForbidden, and what the meter throws while it is
// sampled.
Capture capture(Meter& meter, Clock& clock, Seconds duration, Realtime realtime = Realtime::automatic);

}  // namespace tbft::power
