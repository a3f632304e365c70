#include "models/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace tbft::models {

std::vector<std::string> Architecture::blocks() const {
  std::vector<std::string> names;
  for (const Stage& stage : stages)
    if (!stage.block.empty() && std::ranges::find(names, stage.block) == names.end()) names.push_back(stage.block);
  return names;
}

const TensorInfo& Architecture::tensor_of(std::string_view name) const {
  const auto found = std::ranges::find_if(tensors, [&](const TensorInfo& tensor) {
    return tensor.name.starts_with(name) && (tensor.name.size() == name.size() || tensor.name[name.size()] == '.');
  });
  if (found == tensors.end()) throw std::out_of_range(fmt::format("{}: the network has no {}", title, name));
  return *found;
}

const std::string& Architecture::block_of(std::string_view name) const {
  return stages[static_cast<std::size_t>(tensor_of(name).stage)].block;
}

bool Architecture::trains(const Tuned& tuned, std::string_view parameter) const {
  if (tuned.everything) return true;
  const TensorInfo& tensor = tensor_of(parameter);
  if (tuned.batchnorm && tensor.normalises) return true;
  return std::ranges::find(tuned.blocks, stages[static_cast<std::size_t>(tensor.stage)].block) != tuned.blocks.end();
}

bool Architecture::has(Layer::Kind kind) const {
  return std::ranges::find(layers, kind, &Layer::kind) != layers.end();
}

const Layer& Architecture::layer(std::string_view name) const {
  const auto found = std::ranges::find(layers, name, &Layer::name);
  if (found == layers.end()) throw std::out_of_range(fmt::format("{}: the network has no layer {}", title, name));
  return *found;
}

int Architecture::first_trained_stage(const Tuned& tuned) const {
  const auto found = std::ranges::find_if(
      tensors, [&](const TensorInfo& tensor) { return tensor.is_parameter && trains(tuned, tensor.name); });
  return found == tensors.end() ? 0 : found->stage;
}

}  // namespace tbft::models
