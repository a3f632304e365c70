// How long OpenMP's threads spin before they sleep, for commands that run a network.
//
// In GNU's OpenMP a thread that waits for the others spins for some 300,000 rounds. Other programs, or a container's quota,
// may take the processor from one thread. The spinning threads then waste theirs, and a step takes many times as long.
//
// A step of fc (ResNet-26, batch 128, 2 threads on 2 cores, python3-torch; medians of 6 runs, spread 10 %):
//                                 alone     beside 18 other runnable threads
//   default, 300,000 rounds       171 ms    14 steps did not end in 120 s
//   GOMP_SPINCOUNT=3000           174 ms    1,000 ms
//   OMP_WAIT_POLICY=passive       182 ms    570 to 1,200 ms
//
// The program starts itself again, because libgomp reads its environment when it is loaded, before main().
#pragma once

#include <string_view>

namespace tbft {

// Whether this sub-command runs a network. `measure` does not count: the command that it starts must inherit the user's
// environment unchanged.
bool runs_network(std::string_view command);

// Starts this program again with GOMP_SPINCOUNT set. Returns without doing so where the user set GOMP_SPINCOUNT or
// OMP_WAIT_POLICY, where `argv` names a command that runs no network, or where the program cannot be started again.
void let_openmp_threads_sleep(int argc, char** argv);

}  // namespace tbft
