// What the two programs, tbft and tbft-train, share.
#pragma once

#include "harness/cli/command.h"

namespace tbft::cli {

// Parses the arguments and runs the chosen command. Prints errors and returns the exit code (command.h, Exit).
int run_program(int argc, char** argv, void (*add_commands)(CLI::App&, Action&));

}  // namespace tbft::cli
