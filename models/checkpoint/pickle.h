// The part of Python's pickle (protocol 2) that torch.save uses for dicts of tensors. Nothing is imported, constructed or
// called: globals must be in a fixed list, and all others are refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "models/checkpoint/state_dict.h"

namespace tbft::models::pickle {

// Values are in one list and refer to each other by index, so a pickle that contains itself is harmless, and nothing recurses.
using Id = std::uint32_t;

struct None {};
// A value other than a tensor that is not inspected: a numpy number, a device.
struct Opaque {};
// A known global, as its index in the list of pickle.cpp.
struct Global {
  std::size_t index;
};
// A block of the archive's data/ folder: `count` elements under data/<key>.
struct Storage {
  DType dtype;
  std::string key;
  std::int64_t count;
};
// A strided view of a storage, in elements. Its end is not yet checked against the storage's.
struct Tensor {
  Storage storage;
  std::int64_t offset;
  std::vector<std::int64_t> shape, strides;
};
struct Tuple {
  std::vector<Id> items;
};
struct List {
  std::vector<Id> items;
};
struct Dict {
  std::vector<std::pair<Id, Id>> items;  // in order; equal keys are kept
};
using Value = std::variant<None, Opaque, bool, std::int64_t, double, std::string, Global, Storage, Tensor, Tuple, List, Dict>;

struct Document {
  std::vector<Value> values;
  Id root = 0;
  const Value& at(Id id) const { return values[id]; }
};

inline constexpr std::size_t max_bytes = 16U << 20U;
inline constexpr std::size_t max_values = 500'000;
inline constexpr std::size_t max_marks = 1'000;
inline constexpr std::size_t max_dims = 16;

// `where` is the start of every error ("x.pth: data.pkl"). Throws CheckpointError for anything that a dict of tensors does not
// need.
Document parse(std::span<const std::byte> bytes, std::string_view where);
// Parses the pickle at the start of `bytes` and removes it from them.
Document parse_front(std::span<const std::byte>& bytes, std::string_view where);

}  // namespace tbft::models::pickle
