// The second program, tbft-train. It has the commands that need libtorch or the decoders of images, which load some 250 shared
// libraries. `tbft` links neither, so it starts in milliseconds, on a Raspberry Pi as well; for these commands it becomes
// tbft-train, as git does for its sub-commands.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tbft::cli {

struct TrainCommand {
  std::string_view name, summary;  // the summary is its line in `tbft --help`
  bool runs_network = false;
};
std::span<const TrainCommand> train_commands();
// Null for a command that `tbft` runs itself.
const TrainCommand* find_train_command(std::string_view name);
// Throws std::out_of_range for a command that is not in the list.
std::string summary_of_train_command(std::string_view name);

// Sets how long OpenMP's threads spin before they sleep (GOMP_SPINCOUNT), unless the user set this or OMP_WAIT_POLICY. Call it
// before tbft-train starts, because libgomp reads its environment when it is loaded.
//
// In GNU's OpenMP a thread that waits for the others spins for some 300,000 rounds. Other programs, or a container's quota,
// may take the processor from one thread. The spinning threads then waste theirs, and a step takes many times as long.
//
// A step of fc (ResNet-26, batch 128, 2 threads on 2 cores, python3-torch; medians of 6 runs, spread 10 %):
//                                 alone     beside 18 other runnable threads
//   default, 300,000 rounds       171 ms    14 steps did not end in 120 s
//   GOMP_SPINCOUNT=3000           174 ms    1,000 ms
//   OMP_WAIT_POLICY=passive       182 ms    570 to 1,200 ms
void let_openmp_threads_sleep();

// Where tbft-train is: beside this program or in ../libexec/tbft. Empty if it is in neither.
std::filesystem::path find_train_program();
// Replaces this process by tbft-train with the same arguments. `command` is the one that needs it, for the message. Throws
// std::runtime_error, which says where it was looked for and which package has it, if it is not there or cannot be started.
[[noreturn]] void become_train_program(std::string_view command, char** argv);

}  // namespace tbft::cli
