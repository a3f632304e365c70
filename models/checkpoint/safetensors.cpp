#include "models/checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "models/checkpoint/printable.h"

namespace tbft::models {
namespace {

using Json = nlohmann::json;

struct TypeName {
  std::string_view name;
  DType dtype;
};
constexpr std::array types{
    TypeName{"F64", DType::float64},   TypeName{"F32", DType::float32}, TypeName{"F16", DType::float16},
    TypeName{"BF16", DType::bfloat16}, TypeName{"I64", DType::int64},   TypeName{"I32", DType::int32},
    TypeName{"I16", DType::int16},     TypeName{"I8", DType::int8},     TypeName{"U8", DType::uint8},
    TypeName{"BOOL", DType::boolean},
};
constexpr std::size_t length_bytes = 8;

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8U * i);
  return value;
}

struct Place {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  // in bytes after the header
};

class SafetensorsFile : public Container {
 public:
  SafetensorsFile(std::string name, std::uint64_t size, ReadAt read_at) : name_(std::move(name)), read_at_(std::move(read_at)) {
    const std::uint64_t header = size < length_bytes ? 0 : little_endian(read_at_(0, length_bytes));
    if (size < length_bytes || header > size - length_bytes) fail("cut short in its header");
    if (header > max_header_bytes) fail("its header has {} bytes; at most {} are read", header, max_header_bytes);
    data_ = length_bytes + header;
    add_all(parse(read_at_(length_bytes, header)), size - data_);
  }
  const std::string& name() const override { return name_; }
  std::string_view part() const override { return "the header"; }
  const pickle::Document& document() const override { return document_; }
  std::vector<std::byte> read(const pickle::Storage& what) override {
    const Place& place = places_.at(std::string(what.key));
    return read_at_(data_ + place.begin, place.end - place.begin);
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw CheckpointError(fmt::format("{}: {}", name_, fmt::format(text, std::forward<Args>(args)...)));
  }

  // The parser keeps a tree, so this stops it at the first value that is nested deeper than a tensor's shape.
  Json parse(const std::vector<std::byte>& bytes) const {
    std::set<std::string, std::less<>> names;
    const auto watch = [&](int depth, Json::parse_event_t event, const Json& value) {
      if (depth > 2 && (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start))
        fail("its header is nested deeper than a tensor's shape");
      if (depth == 1 && event == Json::parse_event_t::key && !names.insert(value.get_ref<const std::string&>()).second)
        fail("two tensors are named {}", printable(value.get_ref<const std::string&>()));
      return true;
    };
    const auto* begin = reinterpret_cast<const char*>(bytes.data());  // char aliases every type
    auto json = Json::parse(begin, begin + bytes.size(), watch, false);
    if (!json.is_object()) fail("its header is not JSON of an object");
    return json;
  }

  std::int64_t integer(const Json& json, const std::string& tensor, std::string_view what) const {
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
      fail("{}: {} is not a whole number from 0 to 2^63 - 1", printable(tensor), what);
    return static_cast<std::int64_t>(json.get<std::uint64_t>());
  }

  Place place_of(const std::string& tensor, const Json& json) const {
    const auto member = [&](const char* key, Json::value_t type) -> const Json& {
      const auto found = json.is_object() ? json.find(key) : json.end();
      if (!json.is_object() || found == json.end() || found->type() != type) fail("{}: without {}", printable(tensor), key);
      return *found;
    };
    const auto& type = member("dtype", Json::value_t::string).get_ref<const std::string&>();
    const auto known = std::ranges::find(types, type, &TypeName::name);
    if (known == types.end()) fail("{} is of the type {}, which is not read", printable(tensor), printable(type));
    Place place{.name = tensor, .dtype = known->dtype, .shape = {}, .begin = 0, .end = 0};
    const Json& shape = member("shape", Json::value_t::array);
    if (shape.size() > pickle::max_dims) fail("{} has {} dimensions", printable(tensor), shape.size());
    for (const Json& extent : shape) place.shape.push_back(integer(extent, tensor, "an extent"));
    const Json& offsets = member("data_offsets", Json::value_t::array);
    if (offsets.size() != 2) fail("{}: without data_offsets", printable(tensor));
    place.begin = static_cast<std::uint64_t>(integer(offsets[0], tensor, "an offset"));
    place.end = static_cast<std::uint64_t>(integer(offsets[1], tensor, "an offset"));
    const auto count = element_count(place.shape);
    if (!count || place.end < place.begin || (place.end - place.begin) % size_of(place.dtype) != 0 ||
        (place.end - place.begin) / size_of(place.dtype) != static_cast<std::uint64_t>(*count))
      fail("{} has another number of bytes than its shape needs", printable(tensor));
    return place;
  }

  // The tensors lie one after the other, from the header to the end of the file: `bytes` in all.
  void add_all(const Json& header, std::uint64_t bytes) {
    std::vector<Place> places;
    for (const auto& [tensor, json] : header.items())
      if (tensor != "__metadata__") places.push_back(place_of(tensor, json));
    std::ranges::stable_sort(places, {}, [](const Place& place) { return std::pair(place.begin, place.end); });
    std::uint64_t at = 0;
    for (const Place& place : places) {
      if (place.end > bytes) fail("cut short in {}", printable(place.name));
      if (place.begin != at) fail("{} begins at byte {} of the data, not at {}", printable(place.name), place.begin, at);
      at = place.end;
    }
    if (at != bytes) fail("has {} bytes after its last tensor", bytes - at);
    pickle::Dict dict;
    for (Place& place : places) add(dict, std::move(place));
    document_.root = static_cast<pickle::Id>(document_.values.size());
    document_.values.emplace_back(std::move(dict));
  }

  void add(pickle::Dict& dict, Place place) {
    const pickle::Text name = document_.owned.emplace_back(place.name);
    const auto count = *element_count(place.shape);
    std::vector<std::int64_t> strides(place.shape.size(), 1);
    for (std::size_t d = strides.size(); d-- > 1 && count > 0;) strides[d - 1] = strides[d] * place.shape[d];
    const auto id = static_cast<pickle::Id>(document_.values.size());
    document_.values.emplace_back(name);
    document_.values.emplace_back(pickle::Tensor{.storage = {.dtype = place.dtype, .key = name, .count = count, .offset = 0},
                                                 .offset = 0,
                                                 .shape = place.shape,
                                                 .strides = std::move(strides)});
    dict.items.emplace_back(id, id + 1);
    places_.emplace(std::string(name), std::move(place));
  }

  std::string name_;
  ReadAt read_at_;
  std::uint64_t data_ = 0;  // where the tensors begin in the file
  pickle::Document document_;
  std::map<std::string, Place> places_;
};

}  // namespace

bool is_safetensors(std::span<const std::byte> head) {
  constexpr std::uint64_t large = std::uint64_t{1} << 32U;
  return head.size() > length_bytes && little_endian(head) < large && head[length_bytes] == std::byte{'{'};
}

std::unique_ptr<Container> open_safetensors(std::string name, std::uint64_t size, ReadAt read_at) {
  return std::make_unique<SafetensorsFile>(std::move(name), size, std::move(read_at));
}

}  // namespace tbft::models
