// The sampler: one thread that polls one meter on absolute deadlines.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/sampling.h"

namespace tbft::power {

// The real-time priority of the sampling thread. Above all ordinary threads, below the kernel's interrupt threads (50).
inline constexpr int sampling_priority = 20;

// Gives the calling thread a timer slack of 1 ns and, unless `off`, SCHED_FIFO, which threads and processes started by it do
// not inherit. A thread that is already real-time keeps its priority. Returns the resulting scheduling. Throws
// RealtimeForbidden.
Scheduling schedule_this_thread(Realtime realtime);

using ReadingSink = std::function<void(const Reading&)>;

// The thread's work, one wait per step; tests run it in virtual time. It allocates nothing after the constructor.
class SamplingLoop {
 public:
  // The first deadline is now. `meter` has been started; all three must outlive the loop. interval_s > 0.
  SamplingLoop(Meter& meter, Clock& clock, double interval_s, ReadingSink sink);

  // Sleeps until the next deadline, polls until the meter has no more readings, and passes them on.
  void step(const std::stop_token& stop);
  SamplerStats stats() const;  // from any thread

 private:
  // The number of conversions between this reading and the previous one.
  std::size_t skipped_before(const Reading& reading);

  Meter& meter_;
  Clock& clock_;
  TimeNs interval_;
  TimeNs period_;  // between two deadlines: the interval, or the meter's own period
  ReadingSink sink_;
  TimeNs begun_;
  TimeNs scheduled_;
  std::optional<TimeNs> last_reading_;  // empty after a failed read

  mutable std::mutex mutex_;  // guards the members below
  TimeNs last_poll_;
  std::size_t polls_ = 0;
  std::size_t distinct_ = 0;
  std::size_t skipped_ = 0;
  std::size_t missed_ = 0;
  double cpu_s_ = 0;
};

class Sampler {
 public:
  // Throws RealtimeForbidden, from `on`.
  Sampler(Meter& meter, Clock& clock, double interval_s, ReadingSink sink, Realtime realtime = Realtime::automatic);
  ~Sampler() = default;  // stops and joins
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  SamplerStats stats() const;
  // The exception of the meter or the sink that ended the thread; null while it runs.
  std::exception_ptr error() const;

 private:
  void run(const std::stop_token& stop);

  SamplingLoop loop_;
  mutable std::mutex mutex_;
  std::exception_ptr error_;
  std::jthread thread_;
  Scheduling scheduling_;
};

}  // namespace tbft::power
