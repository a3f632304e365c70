// A family of networks: what describes one of its members, and what tells them in a checkpoint. To add one: describe it in
// NAME.cpp beside this file, run it by a libtorch module in NAME_module.cpp, and add its line to list.h. Two files, because
// descriptions serve where there is no libtorch: costs, checks of checkpoints, fuzzing.
#pragma once

#include <span>
#include <string_view>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {

struct Family {
  std::string_view name, summary;
  // Throws std::invalid_argument that says which value is impossible.
  Architecture (*describe)(const NetworkSpec& spec);
  // Whether the names of the tensors are like this family's.
  bool (*resembles)(const StateDict& state);
  // What has a state's names and shapes. Throws CheckpointError that says which tensor is missing or odd.
  NetworkSpec (*infer)(const StateDict& state);
};

std::span<const Family* const> families();
// Throws std::invalid_argument that lists the known ones.
const Family& find_family(std::string_view name);

// The network that a spec asks its family for. Throws std::invalid_argument as Family::describe and find_family().
Architecture describe(const NetworkSpec& spec);
// The network that a checkpoint's own names and shapes say, its tensors checked. Throws CheckpointError.
Architecture recognise(const StateDict& state);

// Throws CheckpointError that names the first tensor that is missing (a counter may be: torch before 0.4.1 had none), extra, of
// another shape, not floating point (the counters: not an integer), or holds what no trained network has: a number that is not
// finite, a negative variance.
void check(const Architecture& network, const StateDict& state);

}  // namespace tbft::models
