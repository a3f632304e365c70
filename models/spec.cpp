#include "models/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <stdexcept>

#include "models/printable.h"

namespace tbft::models {
namespace {

using Shape = std::vector<std::int64_t>;

std::string text(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void add_batch_norm(std::vector<TensorInfo>& tensors, const std::string& name, std::int64_t channels) {
  tensors.push_back({name + ".weight", {channels}});
  tensors.push_back({name + ".bias", {channels}});
  tensors.push_back({name + ".running_mean", {channels}, false});
  tensors.push_back({name + ".running_var", {channels}, false});
  tensors.push_back({name + ".num_batches_tracked", {}, false, true});
}

const NamedTensor* find(const StateDict& state, std::string_view name) {
  const auto found = std::ranges::find(state, name, &NamedTensor::name);
  return found == state.end() ? nullptr : &*found;
}

const Shape& shape_of(const StateDict& state, std::string_view name, std::size_t dims) {
  const NamedTensor* tensor = find(state, name);
  if (tensor == nullptr) throw CheckpointError(fmt::format("the checkpoint has no {}; it is no ResNet of this family", name));
  if (tensor->shape.size() != dims) throw CheckpointError(fmt::format("{} has the shape {}", name, text(tensor->shape)));
  return tensor->shape;
}

bool is_floating(DType dtype) {
  return dtype == DType::float64 || dtype == DType::float32 || dtype == DType::float16 || dtype == DType::bfloat16;
}

// Of a floating-point type, the bits that are all set in infinity and NaN.
std::uint64_t exponent_bits(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return 0x7FF0'0000'0000'0000;
    case DType::float32:
      return 0x7F80'0000;
    case DType::bfloat16:
      return 0x7F80;
    default:
      return 0x7C00;
  }
}

// What is wrong with the numbers of a floating-point tensor; empty where nothing is.
std::string_view wrong_number(const NamedTensor& tensor) {
  const std::size_t size = size_of(tensor.dtype);
  const std::uint64_t exponent = exponent_bits(tensor.dtype);
  const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
  const bool is_variance = tensor.name.ends_with("running_var");
  for (std::size_t at = 0; at + size <= tensor.bytes.size(); at += size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &tensor.bytes[at], size);  // little-endian, as the file and every machine we run on
    if ((bits & exponent) == exponent) return "a number that is not finite (NaN or infinity)";
    if (is_variance && (bits & sign) != 0 && bits != sign) return "a negative variance";
  }
  return "";
}

}  // namespace

void check(const ResNetSpec& spec) {
  if (spec.depth < 8 || spec.depth % 6 != 2)
    throw std::invalid_argument(fmt::format("depth {}: it must be 6n + 2, as 26", spec.depth));
  if (spec.width < 1 || spec.width > 1024)
    throw std::invalid_argument(fmt::format("width {}: it must be 1 to 1024", spec.width));
  if (spec.classes < 1) throw std::invalid_argument(fmt::format("{} classes: there must be one at least", spec.classes));
  if (spec.pixels < 32 || spec.pixels > 32768 || spec.pixels % 32 != 0) {
    throw std::invalid_argument(fmt::format("{} pixels: it must be a multiple of 32, at most 32768", spec.pixels));
  }
}

std::vector<TensorInfo> tensors_of(const ResNetSpec& spec) {
  check(spec);
  std::vector<TensorInfo> tensors{{"conv1.weight", {spec.channels(0), 3, 3, 3}}};
  for (int layer = 1; layer <= 3; ++layer) {
    const std::int64_t out = spec.channels(layer);
    for (int i = 0; i < spec.blocks_per_layer(); ++i) {
      const std::int64_t in = i == 0 ? spec.channels(layer - 1) : out;
      const std::string block = fmt::format("layer{}.{}", layer, i);
      add_batch_norm(tensors, block + ".bn1", in);
      tensors.push_back({block + ".conv1.weight", {out, in, 3, 3}});
      add_batch_norm(tensors, block + ".bn2", out);
      tensors.push_back({block + ".conv2.weight", {out, out, 3, 3}});
    }
  }
  add_batch_norm(tensors, "bn", spec.channels(3));
  const std::int64_t features = std::int64_t{spec.channels(3)} * spec.pooled() * spec.pooled();
  tensors.push_back({"fc.weight", {spec.classes, features}});
  tensors.push_back({"fc.bias", {spec.classes}});
  return tensors;
}

ResNetSpec infer_spec(const StateDict& state) {
  int blocks = 0;
  while (find(state, fmt::format("layer1.{}.conv1.weight", blocks)) != nullptr) ++blocks;
  if (blocks == 0) throw CheckpointError("the checkpoint has no layer1.0.conv1.weight; it is no ResNet of this family");

  const std::int64_t last_channels = shape_of(state, "bn.weight", 1)[0];
  const std::int64_t width = last_channels / 64;
  if (width < 1 || width > 1024 || last_channels % 64 != 0) {
    throw CheckpointError(fmt::format("bn.weight has {} channels; a width gives 64, 128, ...", last_channels));
  }
  const Shape& fc = shape_of(state, "fc.weight", 2);
  std::int64_t pooled = 1;
  while (pooled < 1024 && last_channels * pooled * pooled < fc[1]) ++pooled;
  if (fc[0] < 1 || fc[0] > std::numeric_limits<int>::max() || last_channels * pooled * pooled != fc[1]) {
    throw CheckpointError(
        fmt::format("fc.weight has the shape {}; it must be classes x ({} channels x a square map)", text(fc), last_channels));
  }
  const ResNetSpec spec{.depth = 6 * blocks + 2,
                        .width = static_cast<int>(width),
                        .classes = static_cast<int>(fc[0]),
                        .pixels = static_cast<int>(32 * pooled)};
  check(spec, state);
  return spec;
}

void check(const ResNetSpec& spec, const StateDict& state) {
  std::map<std::string_view, const NamedTensor*> left;
  for (const NamedTensor& tensor : state) left.emplace(tensor.name, &tensor);
  for (const TensorInfo& wanted : tensors_of(spec)) {
    const auto found = left.find(wanted.name);
    if (found == left.end() && wanted.is_counter) continue;
    if (found == left.end()) throw CheckpointError(fmt::format("{} is missing", wanted.name));
    const NamedTensor& tensor = *found->second;
    if (tensor.shape != wanted.shape) {
      throw CheckpointError(
          fmt::format("{} has the shape {}, the network {}", wanted.name, text(tensor.shape), text(wanted.shape)));
    }
    if (wanted.is_counter ? tensor.dtype != DType::int64 : !is_floating(tensor.dtype)) {
      throw CheckpointError(fmt::format("{} is {}, the network's is {}", wanted.name, to_string(tensor.dtype),
                                        wanted.is_counter ? "int64" : "floating point"));
    }
    if (const auto wrong = wanted.is_counter ? "" : wrong_number(tensor); !wrong.empty())
      throw CheckpointError(fmt::format("{} holds {}: the file is damaged, or its training diverged", wanted.name, wrong));
    left.erase(found);
  }
  if (!left.empty()) throw CheckpointError(fmt::format("the network has no {}", printable(left.begin()->first)));
}

}  // namespace tbft::models
