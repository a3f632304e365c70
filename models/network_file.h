// What the user says about a file of a network because the file does not: which network it is and how to read it. Does not use
// torch.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/architecture.h"

namespace tbft::models {

// NetworkFile::network of a TorchScript file (models/script/script.h).
inline constexpr std::string_view torchscript_network = "torchscript";

// Patterns for the names of parameters, by block: block1 to blockN, fc, and `none` for parameters that `full` alone tunes. In a
// pattern, * stands for any characters.
using BlockTable = std::map<std::string, std::vector<std::string>>;

struct NetworkFile {
  std::filesystem::path path;
  std::string key{};      // of the weights, in a file with several models (models/read_model.h)
  std::string network{};  // empty: the family that the names and shapes of the tensors fit; otherwise torchscript_network
  BlockTable blocks{};    // of a TorchScript file
  int pixels = 0;         // side of the images; 0: the family's usual, 32 for a TorchScript file
  std::optional<std::array<float, 3>> mean{}, deviation{};  // replace those of the family, see Normalisation
  bool allow_script = false;                                // whether the user permits the program in a TorchScript file to run
};

// The family's normalisation with the file's replacements.
Normalisation normalisation_of(const NetworkFile& file, const Normalisation& usual);

}  // namespace tbft::models
