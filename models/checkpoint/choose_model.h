// Finds the dict of a checkpoint that is the model's state, and the names of its tensors without the prefixes of wrappers.
#pragma once

#include <string>

#include "models/checkpoint/pickle.h"

namespace tbft::models {

struct ChosenModel {
  const pickle::Dict* state = nullptr;
  std::string note;  // tells the user which of several models was chosen; empty if there is one
};

// The outermost dict if it contains tensors; otherwise the dict of tensors in it under a name such as "state_dict" or
// "model_state_dict", at most three levels deep. Throws CheckpointError, with `name` for the file, if there is none, or if
// there are several and none has a usual name.
ChosenModel choose_model(const pickle::Document& document, const std::string& name);

// Removes the prefixes of DataParallel, torch.compile and wrapping modules from all names ("module.", "_orig_mod.", "model."),
// and drops the counter that AveragedModel adds.
void strip_wrappers(StateDict& state);

}  // namespace tbft::models
