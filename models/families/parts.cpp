#include "models/families/parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace tbft::models::parts {
namespace {

void add_normalisation(Architecture& network, int stage, const std::string& name, std::int64_t channels,
                       std::initializer_list<TensorInfo> buffers, const Layer& layer) {
  const auto add = [&](const char* suffix) {
    network.tensors.push_back({.name = name + suffix, .shape = {channels}, .stage = stage, .normalises = true});
  };
  add(".weight");
  add(".bias");
  network.tensors.insert(network.tensors.end(), buffers);
  network.layers.push_back(layer);
}

}  // namespace

std::string titled(std::string name, const NetworkSpec& spec) {
  return spec.width == 1 ? name : fmt::format("{} x{}", name, spec.width);
}

void add_convolution(Architecture& network, int stage, const std::string& name, const Convolution& shape,
                     const std::string& input_of) {
  const std::int64_t in = shape.in / shape.groups;
  add_parameter(network, stage, name + ".weight", {shape.out, in, shape.kernel, shape.kernel});
  if (shape.bias) add_parameter(network, stage, name + ".bias", {shape.out});
  const std::int64_t out_side = shape.out_side();
  network.layers.push_back({.name = name,
                            .kind = Layer::Kind::convolution,
                            .stage = stage,
                            .macs = shape.kernel * shape.kernel * in * shape.out * out_side * out_side,
                            .input_values = input_of.empty() ? shape.in * shape.side * shape.side : 0,
                            .input_of = input_of,
                            .convolution = shape});
}

void add_batchnorm(Architecture& network, int stage, const std::string& name, std::int64_t channels, std::int64_t side,
                   bool on_trunk) {
  const auto buffer = [&](const char* suffix, Shape shape, bool is_counter) {
    return TensorInfo{name + suffix, std::move(shape), stage, false, is_counter, true};
  };
  add_normalisation(network, stage, name, channels,
                    {buffer(".running_mean", {channels}, false), buffer(".running_var", {channels}, false),
                     buffer(".num_batches_tracked", {}, true)},
                    {.name = name,
                     .kind = Layer::Kind::batchnorm,
                     .stage = stage,
                     .input_values = channels * side * side,
                     .on_trunk = on_trunk});
}

void add_layernorm(Architecture& network, int stage, const std::string& name, std::int64_t channels, std::int64_t positions,
                   bool on_trunk) {
  add_normalisation(network, stage, name, channels, {},
                    {.name = name,
                     .kind = Layer::Kind::layernorm,
                     .stage = stage,
                     .input_values = channels * positions,
                     .on_trunk = on_trunk});
}

void add_linear(Architecture& network, int stage, const std::string& name, std::int64_t in, std::int64_t out,
                std::int64_t positions) {
  add_parameter(network, stage, name + ".weight", {out, in});
  add_parameter(network, stage, name + ".bias", {out});
  network.layers.push_back({.name = name,
                            .kind = Layer::Kind::linear,
                            .stage = stage,
                            .macs = in * out * positions,
                            .input_values = in * positions});
}

void add_parameter(Architecture& network, int stage, const std::string& name, Shape shape) {
  network.tensors.push_back({.name = name, .shape = std::move(shape), .stage = stage});
}

const NamedTensor* find(const StateDict& state, std::string_view name) {
  const auto found = std::ranges::find(state, name, &NamedTensor::name);
  return found == state.end() ? nullptr : &*found;
}

const Shape& shape_of(const StateDict& state, std::string_view name, std::size_t dims) {
  const NamedTensor* tensor = find(state, name);
  if (tensor == nullptr) throw CheckpointError(fmt::format("{} is missing", name));
  if (tensor->shape.size() != dims)
    throw CheckpointError(fmt::format("{} has the shape [{}]", name, fmt::join(tensor->shape, ", ")));
  return tensor->shape;
}

int count_blocks(const StateDict& state, std::string_view prefix, std::string_view suffix, int first) {
  int count = 0;
  while (count < most_blocks && find(state, fmt::format("{}{}{}", prefix, first + count, suffix)) != nullptr) ++count;
  return count;
}

int classes_of(const StateDict& state, std::string_view name) {
  const Shape& shape = shape_of(state, fmt::format("{}.weight", name), 2);
  if (shape[0] < 1 || shape[0] > std::numeric_limits<int>::max())
    throw CheckpointError(fmt::format("{}.weight has the shape [{}]", name, fmt::join(shape, ", ")));
  return static_cast<int>(shape[0]);
}

}  // namespace tbft::models::parts
