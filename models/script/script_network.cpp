#include "models/script/script_network.h"

#include <torch/utils.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "models/checkpoint/printable.h"

namespace tbft::models {
namespace {

namespace jit = torch::jit;

void set_mode(jit::Module& module, bool training) {
  if (module.hasattr("training")) module.setattr("training", training);
}

// A module of the file with its tensors, which both share, under the same names. It also switches the mode of the file's.
class Mirror final : public torch::nn::Module {
 public:
  explicit Mirror(const jit::Module& script) : script_(script) { reflect(script, *this); }
  void train(bool on) override {
    Module::train(on);
    set_mode(script_, on);
  }

  static void reflect(const jit::Module& script, torch::nn::Module& to) {
    for (const auto& parameter : script.named_parameters(/*recurse=*/false))
      to.register_parameter(parameter.name, parameter.value);
    for (const auto& buffer : script.named_buffers(/*recurse=*/false)) to.register_buffer(buffer.name, buffer.value);
    for (const auto& child : script.named_children()) to.register_module(child.name, std::make_shared<Mirror>(child.value));
  }

 private:
  jit::Module script_;
};

class ScriptNetwork final : public Network {
 public:
  // `code_of`: for each stage its place in `codes`; -1 for a merged one.
  ScriptNetwork(Architecture architecture, jit::Module module, std::vector<StageCode> codes, std::vector<int> code_of)
      : Network(std::move(architecture)), module_(module), codes_(std::move(codes)), code_of_(std::move(code_of)) {
    Mirror::reflect(module_, *this);
  }

  void train(bool on) override {
    Network::train(on);
    set_mode(module_, on);
  }

 private:
  torch::Tensor run_stage(int stage, const torch::Tensor& x) override {
    const int code = code_of_[static_cast<std::size_t>(stage)];
    return code < 0 ? x : codes_[static_cast<std::size_t>(code)].run(module_, x);
  }

  jit::Module module_;
  std::vector<StageCode> codes_;
  std::vector<int> code_of_;
};

}  // namespace

std::string script_error(const std::exception& error) {
  std::string text = error.what();
  text.resize(std::min(text.size(), text.find("\nException raised from")));
  text.resize(std::min(text.size(), text.find_last_not_of(" \n") + 1));
  std::string message = printable(text.substr(text.rfind('\n') + 1));  // npos + 1 is 0
  if (text.find("view size is not compatible") != std::string::npos) message += " (or choose layout = \"contiguous\")";
  return message;
}

torch::Tensor StageCode::run(const jit::Module& module, const torch::Tensor& x) const {
  jit::Stack stack{module._ivalue(), x};
  try {
    jit::InterpreterState(code_).run(stack);
  } catch (const std::exception& error) {
    throw std::runtime_error(script_error(error));
  }
  if (stack.size() != 1 || !stack.back().isTensor())
    throw std::runtime_error("it returns no tensor; it must return the logits [N, classes] and nothing else");
  return stack.back().toTensor();
}

NetworkPtr make_script_network(Architecture architecture, jit::Module module, std::vector<StageCode> codes,
                               std::vector<int> code_of) {
  return std::make_shared<ScriptNetwork>(std::move(architecture), module, std::move(codes), std::move(code_of));
}

}  // namespace tbft::models
