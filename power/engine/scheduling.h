// Timer slack and real-time priority of the sampling thread.
#pragma once

#include "tbft/power/sampling.h"

namespace tbft::power {

// Above all ordinary threads, below the kernel's interrupt threads (50).
inline constexpr int sampling_priority = 20;

// Gives the calling thread a timer slack of 1 ns and, unless `off`, SCHED_FIFO, which threads and processes started by it do
// not inherit. A thread that is already real-time keeps its priority. Returns the resulting scheduling. Throws
// RealtimeForbidden.
Scheduling schedule_this_thread(Realtime realtime);

}  // namespace tbft::power
