// How a meter is sampled: rates, cost, and how punctually the sampling thread wakes (timer slack, real-time priority).
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tbft/power/meter.h"

namespace tbft::power {

enum class Realtime { automatic, on, off };  // automatic: where it is permitted
// Of "auto", "on" or "off"; throws std::invalid_argument with these names.
Realtime parse_realtime(std::string_view text);

// What a thread has.
struct Scheduling {
  int policy = 0;                   // as in sched.h
  int priority = 0;                 // 0 for an ordinary thread
  long timer_slack_ns = 0;          // how late the kernel may wake it on purpose; a real-time thread has none
  bool realtime() const;            // the policy is SCHED_FIFO or SCHED_RR
  std::string policy_name() const;  // "SCHED_OTHER"
};
// "SCHED_FIFO, priority 20, timer slack 1 ns"
std::string to_string(const Scheduling& scheduling);

// Realtime::on, and the system does not permit it; says how to permit it.
struct RealtimeForbidden : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a sampling thread gets in this process, tried on a thread that then ends. Throws RealtimeForbidden.
Scheduling try_scheduling(Realtime realtime);

// Rates and cost of sampling, over the sampler's life.
struct SamplerStats {
  double requested_hz = unknown;
  double delivered_hz = unknown;  // polls that ran
  double distinct_hz = unknown;   // new readings
  std::size_t missed = 0;         // deadlines that passed unserved
  double cpu_s = 0;               // CPU time of the sampler thread
  std::size_t distinct = 0;       // new readings
  std::size_t skipped = 0;        // conversions of a meter that paces itself that gave no reading: holes between two readings
  Scheduling scheduling;          // of the thread
};

// A line for people about conversions that gave no reading, and what helps; empty where at least 95 % of them did, or too few
// were made to tell. Only of a meter that paces itself.
std::string shortfall(const SamplerStats& stats, const MeterInfo& meter);

}  // namespace tbft::power
