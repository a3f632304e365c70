#include "models/checkpoint/pickle_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/checkpoint/printable.h"

namespace tbft::models::pickle {
namespace {

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr std::array storage_types{
    StorageType{"torch.DoubleStorage", DType::float64}, StorageType{"torch.FloatStorage", DType::float32},
    StorageType{"torch.HalfStorage", DType::float16},   StorageType{"torch.BFloat16Storage", DType::bfloat16},
    StorageType{"torch.LongStorage", DType::int64},     StorageType{"torch.IntStorage", DType::int32},
    StorageType{"torch.ShortStorage", DType::int16},    StorageType{"torch.CharStorage", DType::int8},
    StorageType{"torch.ByteStorage", DType::uint8},     StorageType{"torch.BoolStorage", DType::boolean},
};

// The arguments of one call.
class Arguments {
 public:
  Arguments(Document& document, Cursor& at, const std::vector<Id>& ids) : document_(document), at_(at), ids_(ids) {}

  std::size_t size() const { return ids_.size(); }
  const Value& operator[](std::size_t i) const { return document_.values[ids_[i]]; }
  template <typename T>
  const T* get(std::size_t i) const {
    return i < ids_.size() ? std::get_if<T>(&document_.values[ids_[i]]) : nullptr;
  }
  template <typename T>
  const T& need(std::size_t i, std::string_view what) const {
    const T* value = get<T>(i);
    if (value == nullptr) at_.fail("{} is of another type", what);
    return *value;
  }
  Document& document() const { return document_; }
  Cursor& at() const { return at_; }
  const std::vector<Id>& ids() const { return ids_; }

 private:
  Document& document_;
  Cursor& at_;
  const std::vector<Id>& ids_;
};

std::vector<std::int64_t> extents(const Arguments& args, std::size_t i, std::string_view what) {
  const auto& items = args.need<Tuple>(i, what).items;
  if (items.size() > max_dims) args.at().fail("{} has {} dimensions", what, items.size());
  std::vector<std::int64_t> values;
  values.reserve(items.size());
  for (const Id item : items) {
    const auto* value = std::get_if<std::int64_t>(&args.document().at(item));
    if (value == nullptr) args.at().fail("{} is of another type", what);
    if (*value < 0) args.at().fail("{} has the negative entry {}", what, *value);
    values.push_back(*value);
  }
  return values;
}

// _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks[, metadata]); before torch 0.4
// _rebuild_tensor with the first four.
Value tensor(const Arguments& args) {
  if (const auto* other = args.get<Opaque>(0)) return Opaque{.name = other->name, .is_tensor = true};
  if (args.size() != 4 && args.size() != 6 && args.size() != 7) args.at().fail("a tensor of {} arguments", args.size());
  Tensor tensor{.storage = args.need<Storage>(0, "a tensor's storage"),
                .offset = args.need<std::int64_t>(1, "a tensor's offset"),
                .shape = extents(args, 2, "a tensor's shape"),
                .strides = extents(args, 3, "a tensor's strides")};
  if (tensor.offset < 0) args.at().fail("a tensor's offset is {}", tensor.offset);
  if (tensor.shape.size() != tensor.strides.size()) args.at().fail("a tensor's shape and strides differ in length");
  if (__builtin_add_overflow(tensor.offset, tensor.storage.offset, &tensor.offset))
    args.at().fail("a tensor's offset overflows");
  return tensor;
}

// (data, requires_grad, backward_hooks[, state])
Value parameter(const Arguments& args) {
  if (args.size() != 3 && args.size() != 4) args.at().fail("a parameter of {} arguments", args.size());
  if (const auto* other = args.get<Opaque>(0)) return *other;
  return args.need<Tensor>(0, "a parameter's data");
}

// OrderedDict(), or in Python 2 OrderedDict(pairs).
Value ordered_dict(const Arguments& args) {
  Dict dict;
  const auto* pairs = args.get<List>(0);
  if (pairs == nullptr) return dict;
  args.at().spend(pairs->items.size() * sizeof(std::pair<Id, Id>));
  dict.items.reserve(pairs->items.size());
  for (const Id id : pairs->items) {
    const Value& pair = args.document().at(id);
    const auto* as_list = std::get_if<List>(&pair);
    const auto* as_tuple = std::get_if<Tuple>(&pair);
    const auto* items = as_list != nullptr ? &as_list->items : as_tuple != nullptr ? &as_tuple->items : nullptr;
    if (items == nullptr || items->size() != 2) return Opaque{.name = "collections.OrderedDict"};
    dict.items.emplace_back(items->front(), items->back());
  }
  return dict;
}

// _codecs.encode(text, "latin1"): how Python 3 writes bytes in protocol 2.
Value encoded(const Arguments& args) {
  const auto* text = args.get<Text>(0);
  const auto* codec = args.get<Text>(1);
  if (text == nullptr || codec == nullptr || (*codec != "latin1" && *codec != "latin-1"))
    return Opaque{.name = "_codecs.encode"};
  args.at().spend(text->size());
  std::string bytes;
  bytes.reserve(text->size());
  for (std::size_t i = 0; i < text->size(); ++i) {
    auto byte = static_cast<unsigned char>((*text)[i]);
    if (byte == 0xc2 || byte == 0xc3) {  // the first of the two bytes of U+0080 to U+00FF
      if (++i == text->size()) return Opaque{.name = "_codecs.encode"};
      byte = static_cast<unsigned char>(unsigned{byte} << 6U | (static_cast<unsigned char>((*text)[i]) & 0x3fU));
    }
    bytes += static_cast<char>(byte);
  }
  return Text(args.document().owned.emplace_back(std::move(bytes)));
}

Value element_type(const Arguments& args) {
  const auto* code = args.get<Text>(0);
  return code == nullptr ? Value(Opaque{.name = "numpy.dtype"}) : Value(ElementType{*code});
}

std::optional<Array> make_array(const Document& document, Id shape, Id type, bool column_major, Id data) {
  const auto* extents = std::get_if<Tuple>(&document.at(shape));
  const auto* element = std::get_if<ElementType>(&document.at(type));
  const auto* bytes = std::get_if<Text>(&document.at(data));
  if (extents == nullptr || element == nullptr || bytes == nullptr || element->code != "u1") return std::nullopt;
  if (extents->items.size() > max_dims) return std::nullopt;
  Array array{.shape = {}, .column_major = column_major, .data = data};
  for (const Id id : extents->items) {
    const auto* extent = std::get_if<std::int64_t>(&document.at(id));
    if (extent == nullptr) return std::nullopt;
    array.shape.push_back(*extent);
  }
  const auto count = element_count(array.shape);
  if (!count || static_cast<std::uint64_t>(*count) != bytes->size()) return std::nullopt;
  return array;
}

// numpy.core.numeric._frombuffer(buffer, dtype, shape, order), of protocol 5.
Value array_from_buffer(const Arguments& args) {
  const auto* order = args.get<Text>(3);
  if (args.size() == 4 && order != nullptr)
    if (auto array = make_array(args.document(), args.ids()[2], args.ids()[1], *order == "F", args.ids()[0]))
      return *std::move(array);
  return Opaque{.name = "numpy.ndarray"};
}

// numpy.core.multiarray._reconstruct(ndarray, (0,), b"b") gives an array that gets its shape and bytes with BUILD.
Value array_to_be(const Arguments&) {
  return Opaque{.name = "numpy.ndarray"};
}

Value rebuilt_from_type(const Arguments& args);

struct Function {
  std::string_view name;
  Value (*result)(const Arguments& args);
};
constexpr std::array functions{
    Function{"collections.OrderedDict", ordered_dict},
    Function{"torch._utils._rebuild_tensor", tensor},
    Function{"torch._utils._rebuild_tensor_v2", tensor},
    Function{"torch._utils._rebuild_parameter", parameter},
    Function{"torch._utils._rebuild_parameter_with_state", parameter},
    Function{"torch._tensor._rebuild_from_type_v2", rebuilt_from_type},
    Function{"_codecs.encode", encoded},
    Function{"numpy.dtype", element_type},
    Function{"numpy.core.multiarray._reconstruct", array_to_be},
    Function{"numpy._core.multiarray._reconstruct", array_to_be},
    Function{"numpy.core.numeric._frombuffer", array_from_buffer},
    Function{"numpy._core.numeric._frombuffer", array_from_buffer},
};

std::string_view name_of(const Value& value) {
  if (const auto* global = std::get_if<Global>(&value)) return global->name;
  if (const auto* opaque = std::get_if<Opaque>(&value)) return opaque->name;
  return "";
}

Opaque opaque_result(std::string_view function) {
  return {.name = function, .is_tensor = function.starts_with("torch._utils._rebuild_")};
}

// _rebuild_from_type_v2(function, type, args, state): a tensor to which a script gave attributes of its own.
Value rebuilt_from_type(const Arguments& args) {
  const auto name = args.size() == 4 ? name_of(args[0]) : "";
  const auto* inner = args.get<Tuple>(2);
  if (inner != nullptr && name == "torch._utils._rebuild_tensor_v2") return tensor({args.document(), args.at(), inner->items});
  if (inner != nullptr && name == "torch._utils._rebuild_parameter")
    return parameter({args.document(), args.at(), inner->items});
  return Opaque{.name = name, .is_tensor = true};
}

}  // namespace

Value result_of(Document& document, Cursor& at, Id function, const std::vector<Id>& args) {
  const Value& callee = document.at(function);
  const auto name = name_of(callee);
  const auto known = std::ranges::find(functions, name, &Function::name);
  if (known == functions.end() || !std::holds_alternative<Global>(callee)) return opaque_result(name);
  return known->result({document, at, args});
}

// ("storage", torch.FloatStorage, "12", "cuda:0", 432), in old files followed by None or by (key, offset, count) of a part.
// Old files of whole modules also have ("module", class, source file, source).
Value persistent_value(const Document& document, const Cursor& at, Id id) {
  const auto* tuple = std::get_if<Tuple>(&document.at(id));
  const auto item = [&]<typename T>(std::size_t i, const T*) {
    return tuple != nullptr && i < tuple->items.size() ? std::get_if<T>(&document.at(tuple->items[i])) : nullptr;
  };
  const auto* kind = item(0, static_cast<const Text*>(nullptr));
  const auto* type = item(1, static_cast<const Global*>(nullptr));
  if (kind != nullptr && type != nullptr && *kind == "module") return *type;
  if (kind == nullptr || type == nullptr || *kind != "storage") return Opaque{.name = "a persistent id"};
  const auto* key = item(2, static_cast<const Text*>(nullptr));
  const auto* count = item(4, static_cast<const std::int64_t*>(nullptr));
  if (key == nullptr || count == nullptr || tuple->items.size() > 6) at.fail("a storage with other entries than torch writes");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (key->empty() || key->size() > 20 || !std::ranges::all_of(*key, is_digit)) at.fail("the storage key {}", printable(*key));
  if (*count < 0) at.fail("a storage of {} elements", *count);
  const auto known = std::ranges::find(storage_types, type->name, &StorageType::name);
  if (known == storage_types.end()) return Opaque{.name = type->name};
  Storage storage{.dtype = known->dtype, .key = *key, .count = *count, .offset = 0};
  if (const auto* part = item(5, static_cast<const Tuple*>(nullptr))) {
    const auto* offset = part->items.size() == 3 ? std::get_if<std::int64_t>(&document.at(part->items[1])) : nullptr;
    if (offset == nullptr || *offset < 0) at.fail("a part of a storage without an offset");
    storage.offset = *offset;
  }
  return storage;
}

// (version, shape, dtype, is_fortran, bytes)
std::optional<Array> array_of(const Document& document, Id state) {
  const auto* tuple = std::get_if<Tuple>(&document.at(state));
  if (tuple == nullptr || tuple->items.size() != 5) return std::nullopt;
  const auto* is_fortran = std::get_if<bool>(&document.at(tuple->items[3]));
  if (is_fortran == nullptr) return std::nullopt;
  return make_array(document, tuple->items[1], tuple->items[2], *is_fortran, tuple->items[4]);
}

}  // namespace tbft::models::pickle
