// How a meter is sampled: rates, cost, and how punctually the sampling thread wakes (timer slack, real-time priority).
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

enum class Realtime { automatic, on, off };  // automatic: on if it is permitted
// Parses "auto", "on" or "off"; throws std::invalid_argument with these names for other text.
Realtime parse_realtime(std::string_view text);

// The scheduling of a thread.
struct Scheduling {
  int policy = 0;                   // as in sched.h
  int priority = 0;                 // 0 for an ordinary thread
  long timer_slack_ns = 0;          // time by which the kernel may delay wake-ups to save power; none for a real-time thread
  bool realtime() const;            // the policy is SCHED_FIFO or SCHED_RR
  std::string policy_name() const;  // "SCHED_OTHER"
};
// "SCHED_FIFO, priority 20, timer slack 1 ns"
std::string to_string(const Scheduling& scheduling);

// Realtime::on was requested, but the system does not permit it. The message says how to permit it.
struct RealtimeForbidden : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The scheduling that a sampling thread gets in this process, found with a temporary thread. Throws RealtimeForbidden.
Scheduling try_scheduling(Realtime realtime);

// Rates and cost of sampling since the sampler started.
struct SamplerStats {
  double requested_hz = unknown;
  double delivered_hz = unknown;  // polls that ran
  double distinct_hz = unknown;   // new readings
  std::size_t missed = 0;         // deadlines that passed without a poll
  double cpu_s = 0;               // CPU time of the sampler thread
  std::size_t distinct = 0;       // new readings
  std::size_t skipped = 0;        // conversions without a reading, of a meter that paces itself
  Scheduling scheduling;          // of the thread
};

// A message on conversions that gave no reading, with the remedy; empty if at least 95 % gave one, or if there were too few to
// judge. Only for a meter that paces itself.
std::string shortfall(const SamplerStats& stats, const MeterInfo& meter);

}  // namespace tbft::power
