// One's own network: the stages of a TorchScript module, and its tensors under the module's names. Includes torch; only
// script.cpp should include it.
#pragma once

// Must come first, because clang 14 cannot compile libtorch's headers in another order.
#include <ATen/core/ivalue.h>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <exception>
#include <string>
#include <vector>

#include "models/network.h"
#include "models/script/stages.h"

namespace tbft::models {

// The message of an error of torch in one line, without the traces of its own code and of the file's.
std::string script_error(const std::exception& error);

// One stage, ready to run. torch's interpreter runs the graph as it is: no fusion and no derivative of its own, so that its
// operations are those that Python would run.
class StageCode {
 public:
  explicit StageCode(const ScriptStage& stage) : code_(stage.graph, "stage") {}

  // Throws std::runtime_error with script_error().
  torch::Tensor run(const torch::jit::Module& module, const torch::Tensor& x) const;

 private:
  torch::jit::Code code_;
};

// `code_of`: for each stage of the architecture its place in `codes`; -1 for a merged one. The module and the network share the
// tensors.
NetworkPtr make_script_network(Architecture architecture, torch::jit::Module module, std::vector<StageCode> codes,
                               std::vector<int> code_of);

}  // namespace tbft::models
