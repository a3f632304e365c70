#include "models/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace tbft::models {

std::string Layer::weight_name() const {
  if (kind == Kind::attention || without_weight) return {};
  return weight.empty() ? name + ".weight" : weight;
}

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

std::vector<std::string> Architecture::shared_stages() const {
  std::vector<std::string> groups;
  std::vector<std::string> group;
  for (const Stage& stage : stages) {
    group.push_back(stage.block.empty() ? "what belongs to no block" : stage.block);
    if (stage.merged) continue;
    if (group.size() > 1) groups.push_back(fmt::format("{}", fmt::join(group, " and ")));
    group.clear();
  }
  return groups;
}

bool Architecture::needs_two_images(const Layer& norm) const {
  if (norm.kind != Layer::Kind::batchnorm) return false;
  const auto channels =
      std::ranges::find(tensors, norm.without_weight ? norm.name + ".running_mean" : norm.weight_name(), &TensorInfo::name);
  const std::int64_t values = (norm.input_of.empty() ? norm : layer(norm.input_of)).input_values;
  return channels != tensors.end() && channels->shape == std::vector<std::int64_t>{values};
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
  std::size_t first = stages.size();
  for (const TensorInfo& tensor : tensors)
    if (tensor.is_parameter && trains(tuned, tensor.name)) first = std::min(first, static_cast<std::size_t>(tensor.stage));
  if (first == stages.size()) return 0;
  while (first > 0 && stages[first - 1].merged) --first;
  return static_cast<int>(first);
}

}  // namespace tbft::models
