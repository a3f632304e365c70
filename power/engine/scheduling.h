// Timer slack and real-time priority of the sampling thread.
#pragma once

#include "tbft/power/sampling.h"

namespace tbft::power {

// Modest: before all ordinary threads, behind the kernel's interrupt threads (50).
inline constexpr int sampling_priority = 20;

// Of the calling thread: timer slack 1 ns and, unless `off`, SCHED_FIFO, which the threads and processes that it starts do not
// inherit. A thread that is real-time already keeps its priority. Returns what it then has. Throws RealtimeForbidden.
Scheduling schedule_this_thread(Realtime realtime);

}  // namespace tbft::power
