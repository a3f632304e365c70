// What the tests of the families share: state dicts, and their networks in Python (family_oracle.py).
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "models/families/family.h"
#include "tests/unit/models/files.h"

namespace tbft::models::testing {

// A state dict of a network's names and shapes; the values do not matter.
inline StateDict state_for(const NetworkSpec& spec) {
  StateDict state;
  for (const TensorInfo& info : describe(spec).tensors)
    state.push_back(
        {.name = info.name, .dtype = info.is_counter ? DType::int64 : DType::float32, .shape = info.shape, .bytes = {}});
  return state;
}

// Why the state is not a network; "accepted" if it is one.
inline std::string refusal(const StateDict& state) {
  try {
    recognise(state);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

// Runs a command of family_oracle.py on networks in a folder, where the file names begin with their numbers. Returns what it
// prints.
inline std::string oracle(const std::string& command, const std::string& folder, const std::vector<NetworkSpec>& networks) {
  std::vector<std::string> arguments{TBFT_SOURCE_DIR "/tests/unit/models/family_oracle.py", command, folder};
  for (const NetworkSpec& spec : networks)
    arguments.push_back(fmt::format("{},{},{},{},{}", spec.family, spec.width, spec.pixels, spec.classes, spec.depth));
  return run_python(arguments);
}

}  // namespace tbft::models::testing
