// Reads the weights of a network from a file, which may have several dicts of tensors.
#pragma once

#include <filesystem>
#include <string>

#include "models/checkpoint/state_dict.h"
#include "models/network_file.h"

namespace tbft::models {

// Whether a family has a network with these names, types and shapes; the tensors need no bytes.
bool fits_a_family(const StateDict& state);

// The dict of tensors under `key` or, without a key, the dict that fits a family (models/checkpoint/choose_model.h). Throws
// CheckpointError.
Checkpoint read_model(const std::filesystem::path& path, const std::string& key = {});

// The family's network that a checkpoint describes, at the size and with the normalisation that `file` asks for. Throws
// CheckpointError.
Architecture recognise(const StateDict& state, const NetworkFile& file);

}  // namespace tbft::models
