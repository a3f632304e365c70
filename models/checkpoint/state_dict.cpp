#include "models/checkpoint/state_dict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "models/checkpoint/choose_model.h"
#include "models/checkpoint/container.h"
#include "models/checkpoint/printable.h"

namespace tbft::models {
namespace {

using pickle::Tensor;

// Reads the tensors of one open file.
class Reader {
 public:
  explicit Reader(std::unique_ptr<Container> file) : file_(std::move(file)) {}
  Checkpoint run(const ModelChoice& choice);

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw CheckpointError(fmt::format("{}: {}", file_->name(), fmt::format(text, std::forward<Args>(args)...)));
  }
  const std::vector<std::byte>& storage(const pickle::Storage& what);
  NamedTensor materialise(std::string name, const Tensor& tensor);

  std::unique_ptr<Container> file_;
  std::map<std::string, std::vector<std::byte>> storages_;
  std::uint64_t storage_bytes_ = 0;
  std::uint64_t tensor_bytes_ = 0;
};

// a * b, or nullopt beyond 63 bits. Both must be at least 0.
std::optional<std::int64_t> product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// The last element of the storage that a view uses (its offset if it is empty); nullopt on overflow.
std::optional<std::int64_t> last_element(const Tensor& tensor) {
  std::int64_t last = tensor.offset;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const auto reach = product(std::max<std::int64_t>(tensor.shape[d] - 1, 0), tensor.strides[d]);
    if (!reach || __builtin_add_overflow(last, *reach, &last)) return std::nullopt;
  }
  return last;
}

// Copies the view that shape and strides (in elements) describe, which lies inside `source`, row by row into `target`.
void gather(const std::byte* source, const Tensor& tensor, std::size_t element, std::vector<std::byte>& target) {
  const std::size_t dims = tensor.shape.size();
  std::vector<std::int64_t> index(dims, 0);
  std::vector<std::int64_t> strides = tensor.strides;
  for (std::size_t d = 0; d < dims; ++d) {
    if (tensor.shape[d] == 1) strides[d] = 0;  // its stride is never used and may be any number
  }
  std::int64_t at = tensor.offset;
  for (std::size_t out = 0; out < target.size(); out += element) {
    std::memcpy(target.data() + out, source + static_cast<std::size_t>(at) * element, element);
    for (std::size_t d = dims; d-- > 0;) {
      at += strides[d];
      if (++index[d] < tensor.shape[d]) break;
      at -= strides[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
}

bool is_row_major(const Tensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t d = tensor.shape.size(); d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.shape[d];
  }
  return true;
}

const std::vector<std::byte>& Reader::storage(const pickle::Storage& what) {
  const auto [found, is_new] = storages_.try_emplace(std::string(what.key));
  if (is_new) {
    found->second = file_->read(what);
    storage_bytes_ += found->second.size();
  } else if (const std::uint64_t bytes = found->second.size(), element = size_of(what.dtype);
             bytes % element != 0 || bytes / element != static_cast<std::uint64_t>(what.count)) {
    fail("storage {} has {} bytes; the pickle also says {} elements of {}", what.key, found->second.size(), what.count,
         to_string(what.dtype));
  }
  return found->second;
}

NamedTensor Reader::materialise(std::string name, const Tensor& tensor) {
  const std::vector<std::byte>& source = storage(tensor.storage);
  const std::size_t element = size_of(tensor.storage.dtype);
  const auto count = element_count(tensor.shape);
  const auto bytes = count ? product(*count, static_cast<std::int64_t>(element)) : std::nullopt;
  const auto last = last_element(tensor);
  if (!bytes || !last) {
    fail("{} has the shape [{}] with strides [{}], which overflows", printable(name), fmt::join(tensor.shape, ", "),
         fmt::join(tensor.strides, ", "));
  }
  if (*count > 0 && *last >= tensor.storage.count) {
    fail("{} reaches element {} of data/{}, which has {}", printable(name), *last, tensor.storage.key, tensor.storage.count);
  }
  // Views may repeat elements (strides of 0) and share storages, so their total size is limited relative to the file's size.
  constexpr std::uint64_t slack = 64U << 20U;
  const std::uint64_t limit = 4 * storage_bytes_ + slack;
  if (static_cast<std::uint64_t>(*bytes) > limit - std::min(limit, tensor_bytes_)) {
    fail("{} unfolds to {} elements, many more than the file has", printable(name), *count);
  }
  tensor_bytes_ += static_cast<std::uint64_t>(*bytes);

  NamedTensor result{.name = std::move(name), .dtype = tensor.storage.dtype, .shape = tensor.shape, .bytes = {}};
  if (*bytes > 0 && is_row_major(tensor)) {
    const std::byte* first = source.data() + static_cast<std::size_t>(tensor.offset) * element;
    result.bytes.assign(first, first + *bytes);
  } else {
    result.bytes.resize(static_cast<std::size_t>(*bytes));
    gather(source.data(), tensor, element, result.bytes);
  }
  return result;
}

Checkpoint Reader::run(const ModelChoice& choice) {
  const auto& document = file_->document();
  const ChosenModel chosen = choose_model(document, file_->name(), choice);
  Checkpoint result{.name = file_->name(), .state = {}, .class_names = file_->class_names(), .note = chosen.note};
  StateDict& state = result.state;
  std::string_view object;  // the first that stands in a weight's place
  for (const auto& [key, value] : chosen.state->items) {
    const auto* name = std::get_if<pickle::Text>(&document.at(key));
    const auto* opaque = std::get_if<pickle::Opaque>(&document.at(value));
    if (opaque != nullptr && opaque->is_tensor && name != nullptr)
      fail("{} is a tensor of {}, which is not read", printable(*name), printable(opaque->name));
    if (opaque != nullptr && object.empty()) object = opaque->name;
    const auto* tensor = std::get_if<Tensor>(&document.at(value));
    if (tensor == nullptr) continue;  // an epoch number, a list of losses
    if (name == nullptr) fail("a key of the dict is not a text");
    state.push_back(materialise(std::string(*name), *tensor));
  }
  if (state.empty() && !object.empty()) fail("{} names {}; only tensors are read", file_->part(), printable(object));
  if (state.empty()) fail("holds no tensor");
  strip_wrappers(state);
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : state) {
    if (!names.insert(tensor.name).second) fail("two tensors are named {}", printable(tensor.name));
  }
  return result;
}

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float64:
    case DType::int64:
      return 8;
    case DType::float32:
    case DType::int32:
      return 4;
    case DType::float16:
    case DType::bfloat16:
    case DType::int16:
      return 2;
    case DType::int8:
    case DType::uint8:
    case DType::boolean:
      return 1;
  }
  throw std::logic_error("models: a dtype without a size");
}

std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return "float64";
    case DType::float32:
      return "float32";
    case DType::float16:
      return "float16";
    case DType::bfloat16:
      return "bfloat16";
    case DType::int64:
      return "int64";
    case DType::int32:
      return "int32";
    case DType::int16:
      return "int16";
    case DType::int8:
      return "int8";
    case DType::uint8:
      return "uint8";
    case DType::boolean:
      return "bool";
  }
  throw std::logic_error("models: a dtype without a name");
}

std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; })) return std::nullopt;
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::optional<std::int64_t> count = 1;
  for (const std::int64_t extent : shape) {
    count = product(*count, extent);
    if (!count) return std::nullopt;
  }
  return count;
}

Checkpoint read_checkpoint(const std::filesystem::path& path, const ModelChoice& choice) {
  return Reader(open_container(path)).run(choice);
}

StateDict read_state_dict(const std::filesystem::path& path) {
  return read_checkpoint(path).state;
}

StateDict read_state_dict(std::span<const std::byte> file, std::string name, const ModelChoice& choice) {
  return Reader(open_container(file, std::move(name))).run(choice).state;
}

}  // namespace tbft::models
