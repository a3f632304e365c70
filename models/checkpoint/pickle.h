// Reads Python's pickle (protocols 1 to 5) into plain values. Nothing is imported, constructed or called: a class or a function
// is its name, and what Python would build with it is Opaque. Only what weights and image files need has a value: numbers,
// texts, tuples, lists, dicts, tensors of torch and arrays of uint8 of numpy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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
// The bytes of str, and those of bytes.
using Text = std::string_view;

struct None {};
// What is not built: an instance of a class, the result of a function, a set, an integer of more than 64 bits. `name` is the
// class or the function ("argparse.Namespace"); for a tensor of a type that is not read, its storage's type.
struct Opaque {
  Text name;
  bool is_tensor = false;
};
// The name of a class or a function: "torch.FloatStorage".
struct Global {
  Text name;
};
// `count` elements under data/<key> in an archive. In old files a storage may be a part of another one, from `offset` on.
struct Storage {
  DType dtype;
  Text key;
  std::int64_t count;
  std::int64_t offset;
};
// A strided view of a storage, in elements; `offset` includes the storage's. Its end is not yet checked against the storage's.
struct Tensor {
  Storage storage;
  std::int64_t offset;
  std::vector<std::int64_t> shape, strides;
};
// The element type of a numpy array: "u1".
struct ElementType {
  Text code;
};
// A numpy array of uint8. `data` is a Text of as many bytes as the shape says. Arrays of other types are Opaque.
struct Array {
  std::vector<std::int64_t> shape;
  bool column_major;  // the first index runs fastest ("Fortran order"), not the last
  Id data;
};
struct Tuple {
  std::vector<Id> items;
};
struct List {
  std::vector<Id> items;
};
// A dict, or an object of a class that extends it.
struct Dict {
  std::vector<std::pair<Id, Id>> items;  // in order; equal keys are kept
};
using Value = std::variant<None, Opaque, bool, std::int64_t, double, Text, Global, Storage, Tensor, ElementType, Array, Tuple,
                           List, Dict>;

// Can be moved, not copied, because texts may be views of `owned`.
struct Document {
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() = default;

  std::vector<Value> values;
  std::deque<std::string> owned;  // texts that are not in the pickle's bytes as they are
  Id root = 0;
  const Value& at(Id id) const { return values[id]; }
  // The last value of a dict under a text, as Python has it; nullptr if there is none.
  const Value* find(const Dict& dict, Text key) const;
};

// Numbers are of the kind that a file of images or weights stays far below.
struct Limits {
  std::size_t bytes = 64U << 20U;
  std::size_t values = 500'000;
};
inline constexpr std::size_t max_steps = 5'000'000;
inline constexpr std::size_t max_marks = 1'000;
inline constexpr std::size_t max_dims = 8;

// `where` is the start of every error ("x.pth: data.pkl"). The texts of the result are views of `bytes`, which must outlive it.
// Throws CheckpointError for what is no pickle, is cut short, exceeds the limits, or has a tensor with impossible arguments.
Document parse(std::span<const std::byte> bytes, std::string_view where, const Limits& limits = {});
// Parses the pickle at the start of `bytes` and removes it from them.
Document parse_front(std::span<const std::byte>& bytes, std::string_view where, const Limits& limits = {});

}  // namespace tbft::models::pickle
