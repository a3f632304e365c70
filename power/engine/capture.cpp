#include "tbft/power/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <stdexcept>

#include "power/engine/sampler.h"

namespace tbft::power {
namespace {

double process_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

Capture capture(Meter& meter, Clock& clock, Seconds duration, Realtime realtime) {
  if (!(duration > Seconds(0) && duration <= longest_capture)) {
    throw std::invalid_argument(
        fmt::format("duration {} s: it must be more than 0 and at most {} s", duration.count(), longest_capture.count()));
  }
  Capture result;
  if (const Recording* recording = meter.recording(); recording != nullptr && recording->instant) {
    result.readings = recording->readings;
    if (!result.readings.empty()) result.duration_s = to_seconds(result.readings.back().t_ns - result.readings.front().t_ns);
    return result;
  }
  // There are more if the meter is polled faster than it has new values and repeats each of them.
  result.readings.reserve(static_cast<std::size_t>(std::min(2 * (duration / meter.interval()) + 64, 4e6)));
  const double cpu_s = process_cpu_s();
  const TimeNs begin = clock.now();
  meter.start(begin);
  std::exception_ptr error;
  {
    const Sampler sampler(
        meter, clock, meter.interval().count(), [&](const Reading& r) { result.readings.push_back(r); }, realtime);
    const TimeNs end = begin + to_ns(duration);
    while (clock.now() < end && !error) {
      clock.sleep_until(std::min(end, clock.now() + 100'000'000));
      error = sampler.error();
    }
    result.sampler = sampler.stats();
  }
  result.duration_s = to_seconds(clock.now() - begin);
  result.process_cpu_s = process_cpu_s() - cpu_s;
  meter.stop();
  if (error) std::rethrow_exception(error);
  return result;
}

}  // namespace tbft::power
