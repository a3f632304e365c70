// tbft cost needs libtorch for a TorchScript file alone.
#pragma once

#include "harness/cli/command.h"
#include "models/network_file.h"

namespace tbft::cli {

using DescribeScript = models::Architecture (*)(const models::NetworkFile& file);

// add_cost() for a program that describes TorchScript files so.
void add_cost_with(CLI::App& app, Action& action, DescribeScript describe_script);

}  // namespace tbft::cli
