// Which dict of a checkpoint is the model's state, and what its tensors are called without the names of what wrapped it.
#pragma once

#include <string>

#include "models/checkpoint/pickle.h"

namespace tbft::models {

struct ChosenModel {
  const pickle::Dict* state = nullptr;
  std::string note;  // which of several models it is, for the user; empty where there is one
};

// The outermost dict if it holds tensors; else the dict of tensors that it holds under names such as "state_dict" or
// "model_state_dict", at most three levels deep. Throws CheckpointError, with `name` for the file, where there is none, or
// where there are several and no usual name tells which one to take.
ChosenModel choose_model(const pickle::Document& document, const std::string& name);

// Takes off what DataParallel, torch.compile and wrapping modules put before every name ("module.", "_orig_mod.", "model."),
// and leaves out the counter of averaged models that AveragedModel adds.
void strip_wrappers(StateDict& state);

}  // namespace tbft::models
