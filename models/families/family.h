// A family of networks: makes the description of a network, and recognises its checkpoints. To add a family, describe it in
// NAME.cpp beside this file with the builders of parts.h, implement it as a libtorch module in NAME_module.cpp, and add its
// line to list.h. There are two files because descriptions are also used without libtorch: for costs, checks of checkpoints and
// fuzzing.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "models/architecture.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {

struct Family {
  std::string_view name, summary;
  NetworkSpec usual;                         // what is meant if only the family is named
  std::vector<std::string_view> variants{};  // values of NetworkSpec::variant; empty: it has only one
  // Throws std::invalid_argument, which names the impossible value.
  Architecture (*describe)(const NetworkSpec& spec) = nullptr;
  // The network with a state's names and shapes. Throws CheckpointError, which names a missing or wrong tensor. Called for
  // states of every family: recognise() then checks every tensor, and takes the family whose tensors they are.
  NetworkSpec (*infer)(const StateDict& state) = nullptr;
};

std::span<const Family* const> families();
// Throws std::invalid_argument, which lists the known families.
const Family& find_family(std::string_view name);

// The network of a spec, from its family. Throws std::invalid_argument as Family::describe and find_family().
Architecture describe(const NetworkSpec& spec);
// The network that a checkpoint's names and shapes describe; checks the tensors. Throws CheckpointError, which names the first
// tensor that does not fit and the family that comes nearest: the one that shares most names.
// `pixels`: the side of the images, where the weights fit any; 0: the family's usual.
Architecture recognise(const StateDict& state, int pixels = 0);

// Throws CheckpointError, which names the first tensor that is missing (except counters, because torch before 0.4.1 had none),
// extra, of another shape, not floating point (counters: not an integer), or with impossible values: a number that is not
// finite, a negative variance.
void check(const Architecture& network, const StateDict& state);

}  // namespace tbft::models
