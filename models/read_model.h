// Reads the weights of a network from a file, whichever of its dicts of tensors they are.
#pragma once

#include <filesystem>
#include <string>

#include "models/checkpoint/state_dict.h"

namespace tbft::models {

// Whether a family has a network with these names, types and shapes; the tensors need no bytes.
bool fits_a_family(const StateDict& state);

// The dict of tensors under `key`, or without one that which fits a family (models/checkpoint/choose_model.h). Throws
// CheckpointError.
Checkpoint read_model(const std::filesystem::path& path, const std::string& key = {});

}  // namespace tbft::models
