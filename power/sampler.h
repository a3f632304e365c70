// The sampler: one thread that polls one meter on absolute deadlines.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "power/clock.h"
#include "power/meter.h"

namespace tbft::power {

// Rates and cost of sampling, over the sampler's life.
struct SamplerStats {
  double requested_hz = unknown;
  double delivered_hz = unknown;  // polls that ran
  double distinct_hz = unknown;   // new readings
  std::size_t missed = 0;         // deadlines that passed unserved
  double cpu_s = 0;               // CPU time of the sampler thread
};

using ReadingSink = std::function<void(const Reading&)>;

// What the thread does, one wait at a time; tests run it in virtual time. Allocates nothing once set up.
class SamplingLoop {
 public:
  // The first deadline is now. `meter` is started already; all three must outlive the loop. interval_s > 0.
  SamplingLoop(Meter& meter, Clock& clock, double interval_s, ReadingSink sink);

  // Sleeps until the next deadline, polls until the meter has nothing more, and passes on what it said.
  void step(const std::stop_token& stop);
  SamplerStats stats() const;  // from any thread

 private:
  Meter& meter_;
  Clock& clock_;
  TimeNs interval_;
  TimeNs period_;  // between two deadlines: the interval, or the meter's own period
  ReadingSink sink_;
  TimeNs begun_;
  TimeNs scheduled_;

  mutable std::mutex mutex_;  // guards what follows
  TimeNs last_poll_;
  std::size_t polls_ = 0;
  std::size_t distinct_ = 0;
  std::size_t missed_ = 0;
  double cpu_s_ = 0;
};

class Sampler {
 public:
  Sampler(Meter& meter, Clock& clock, double interval_s, ReadingSink sink);
  ~Sampler() = default;  // stops and joins
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  SamplerStats stats() const { return loop_.stats(); }
  // What ended the thread before its time (meter or sink threw); null while it runs.
  std::exception_ptr error() const;

 private:
  SamplingLoop loop_;
  mutable std::mutex mutex_;
  std::exception_ptr error_;
  std::jthread thread_;
};

}  // namespace tbft::power
