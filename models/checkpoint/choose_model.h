// Finds the dict of a checkpoint that is the model's state, and the names of its tensors without the prefixes of wrappers.
#pragma once

#include <string>

#include "models/checkpoint/pickle.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {

struct ChosenModel {
  const pickle::Dict* state = nullptr;
  std::string note;  // tells the user which of several models was chosen; empty if there is one
};

// Of all dicts with tensors, at most three levels deep, the one that choice.key names. Without a key, the one that fits; of
// several, the one with a usual name such as "state_dict" or "model". If none fits, the most plausible one is chosen, and the
// code that reads it says what does not fit. Throws CheckpointError, with `name` for the file, if the outermost value is no
// dict, if there is no dict of that key, or if several fit equally.
ChosenModel choose_model(const pickle::Document& document, const std::string& name, const ModelChoice& choice);

// Removes the prefixes of DataParallel, torch.compile and wrapping modules from all names ("module.", "_orig_mod.", "model."),
// however many there are, and drops the counter that AveragedModel adds.
void strip_wrappers(StateDict& state);

}  // namespace tbft::models
