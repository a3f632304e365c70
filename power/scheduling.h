// How punctually a thread wakes: the kernel's timer slack and real-time priority. Asked for by the sampling thread alone.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tbft::power {

enum class Realtime { automatic, on, off };  // automatic: where it is permitted
// Of "auto", "on" or "off"; throws std::invalid_argument with these names.
Realtime parse_realtime(std::string_view text);

// Modest: before all ordinary threads, behind the kernel's interrupt threads (50).
inline constexpr int sampling_priority = 20;

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

// Of the calling thread: timer slack 1 ns and, unless `off`, SCHED_FIFO, which the threads and processes that it starts do not
// inherit. A thread that is real-time already keeps its priority. Returns what it then has. Throws RealtimeForbidden.
Scheduling schedule_this_thread(Realtime realtime);
// What a sampling thread gets in this process, tried on a thread that then ends. Throws RealtimeForbidden.
Scheduling try_scheduling(Realtime realtime);

}  // namespace tbft::power
