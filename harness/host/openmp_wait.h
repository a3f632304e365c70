// How long OpenMP's threads spin before they sleep, for commands that run a network.
//
// GNU's OpenMP lets a thread that waits for the others spin for some 300,000 rounds. Where other programs, or a container's
// quota, take the processor from one thread, the others burn theirs meanwhile, and a step takes many times as long. 3,000
// rounds cost nothing measurable on an idle machine (ARCHITECTURE.md has the figures). The library reads its environment when
// it is loaded, which is before main().
#pragma once

#include <string_view>

namespace tbft {

// Whether this sub-command runs a network. `measure` does not: the environment of its command must stay the user's.
bool runs_network(std::string_view command);

// Starts this program again with GOMP_SPINCOUNT set, unless the user set that or OMP_WAIT_POLICY, or `argv` names a command
// that runs no network. Returns where it did not, or could not.
void let_openmp_threads_sleep(int argc, char** argv);

}  // namespace tbft
