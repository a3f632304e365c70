// A family of networks: makes the description of a network, and recognises its checkpoints. To add a family, describe it in
// NAME.cpp beside this file, implement it as a libtorch module in NAME_module.cpp, and add its line to list.h. There are two
// files because descriptions are also used without libtorch: for costs, checks of checkpoints and fuzzing.
#pragma once

#include <span>
#include <string_view>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {

struct Family {
  std::string_view name, summary;
  // Throws std::invalid_argument, which names the impossible value.
  Architecture (*describe)(const NetworkSpec& spec);
  // Whether the names of the tensors look like this family's.
  bool (*resembles)(const StateDict& state);
  // The network with a state's names and shapes. Throws CheckpointError, which names a missing or wrong tensor.
  NetworkSpec (*infer)(const StateDict& state);
};

std::span<const Family* const> families();
// Throws std::invalid_argument, which lists the known families.
const Family& find_family(std::string_view name);

// The network of a spec, from its family. Throws std::invalid_argument as Family::describe and find_family().
Architecture describe(const NetworkSpec& spec);
// The network that a checkpoint's names and shapes describe; checks the tensors. Throws CheckpointError.
Architecture recognise(const StateDict& state);

// Throws CheckpointError, which names the first tensor that is missing (except counters, because torch before 0.4.1 had none),
// extra, of another shape, not floating point (counters: not an integer), or with impossible values: a number that is not
// finite, a negative variance.
void check(const Architecture& network, const StateDict& state);

}  // namespace tbft::models
