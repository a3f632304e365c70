// The part of Python's pickle (protocol 2) that torch.save uses for dicts of tensors. Nothing is imported, built or called: a
// global is one of a fixed list, and every other one is refused by name.
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

// Values stand in one list and name each other by index: a pickle that contains itself is harmless, and nothing recurses.
using Id = std::uint32_t;

struct None {};
// What a checkpoint holds beside tensors and is not looked into: a numpy number, a device.
struct Opaque {};
// A known global by its index in the list of pickle.cpp.
struct Global {
  std::size_t index;
};
// A block of the archive's data/ folder: `count` elements under data/<key>.
struct Storage {
  DType dtype;
  std::string key;
  std::int64_t count;
};
// A strided view of a storage, in elements. Not yet checked against the storage's end.
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

// `where` begins every error ("x.pth: data.pkl"). Throws CheckpointError on anything that a dict of tensors does not need.
Document parse(std::span<const std::byte> bytes, std::string_view where);
// The pickle that `bytes` begin with; afterwards they begin behind it.
Document parse_front(std::span<const std::byte>& bytes, std::string_view where);

}  // namespace tbft::models::pickle
