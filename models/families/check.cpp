// Checks that a checkpoint has a network's tensors with possible values.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <map>

#include "models/checkpoint/printable.h"
#include "models/families/family.h"

namespace tbft::models {
namespace {

std::string text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool is_floating(DType dtype) {
  return dtype == DType::float64 || dtype == DType::float32 || dtype == DType::float16 || dtype == DType::bfloat16;
}

// The exponent bits of a floating-point type, which are all set in infinity and NaN.
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

// The problem with the numbers of a floating-point tensor; empty if there is none.
std::string_view wrong_number(const NamedTensor& tensor) {
  const std::size_t size = size_of(tensor.dtype);
  const std::uint64_t exponent = exponent_bits(tensor.dtype);
  const std::uint64_t sign = std::uint64_t{1} << (8 * size - 1);
  const bool is_variance = tensor.name.ends_with("running_var");
  for (std::size_t at = 0; at + size <= tensor.bytes.size(); at += size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &tensor.bytes[at], size);  // little-endian, as the file and all supported machines
    if ((bits & exponent) == exponent) return "a number that is not finite (NaN or infinity)";
    if (is_variance && (bits & sign) != 0 && bits != sign) return "a negative variance";
  }
  return "";
}

}  // namespace

void check(const Architecture& network, const StateDict& state) {
  std::map<std::string_view, const NamedTensor*> left;
  for (const NamedTensor& tensor : state) left.emplace(tensor.name, &tensor);
  for (const TensorInfo& wanted : network.tensors) {
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
