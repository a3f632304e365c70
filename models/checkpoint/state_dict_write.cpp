// write_state_dict: the archive that torch.save makes of an OrderedDict of tensors.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "models/checkpoint/container.h"
#include "models/checkpoint/pickle_bytes.h"
#include "models/checkpoint/printable.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {
namespace {

using pickle::Op;

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw CheckpointError(fmt::format("{}: {}", path.string(), what));
}

[[noreturn]] void fail_errno(const std::filesystem::path& path, std::string_view what) {
  fail(path, fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

std::string_view storage_type(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return "DoubleStorage";
    case DType::float32:
      return "FloatStorage";
    case DType::float16:
      return "HalfStorage";
    case DType::bfloat16:
      return "BFloat16Storage";
    case DType::int64:
      return "LongStorage";
    case DType::int32:
      return "IntStorage";
    case DType::int16:
      return "ShortStorage";
    case DType::int8:
      return "CharStorage";
    case DType::uint8:
      return "ByteStorage";
    case DType::boolean:
      return "BoolStorage";
  }
  throw std::logic_error("models: a dtype without a storage");
}

// Pickle opcodes for the few kinds of values in a state dict; no memo.
class Pickler {
 public:
  Pickler& op(Op op) {
    out_ += static_cast<char>(op);
    return *this;
  }
  Pickler& text(std::string_view text) {
    op(Op::binunicode).little_endian(text.size(), 4);
    out_ += text;
    return *this;
  }
  Pickler& integer(std::int64_t value) {
    op(Op::long1).little_endian(8, 1);
    return little_endian(static_cast<std::uint64_t>(value), 8);
  }
  Pickler& integers(const std::vector<std::int64_t>& values) {
    op(Op::mark);
    for (const std::int64_t value : values) integer(value);
    return op(Op::tuple);
  }
  Pickler& global(std::string_view module, std::string_view name) {
    op(Op::global);
    out_ += fmt::format("{}\n{}\n", module, name);
    return *this;
  }
  Pickler& ordered_dict() { return global("collections", "OrderedDict").op(Op::empty_tuple).op(Op::reduce); }
  Pickler& little_endian(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void add_tensor(Pickler& out, const NamedTensor& tensor, std::size_t key) {
  std::vector<std::int64_t> strides(tensor.shape.size(), 1);
  // An empty tensor needs no strides, and the product of its extents could overflow.
  for (std::size_t d = strides.size(); d-- > 1 && !tensor.bytes.empty();) strides[d - 1] = strides[d] * tensor.shape[d];
  out.global("torch._utils", "_rebuild_tensor_v2").op(Op::mark);
  out.op(Op::mark).text("storage").global("torch", storage_type(tensor.dtype));
  out.text(std::to_string(key)).text("cpu").integer(*element_count(tensor.shape)).op(Op::tuple).op(Op::binpersid);
  out.integer(0).integers(tensor.shape).integers(strides).op(Op::newfalse).ordered_dict();
  out.op(Op::tuple).op(Op::reduce);
}

std::string pickle_of(const StateDict& state) {
  Pickler out;
  out.op(Op::proto).little_endian(2, 1).ordered_dict().op(Op::mark);
  for (std::size_t i = 0; i < state.size(); ++i) {
    out.text(state[i].name);
    add_tensor(out, state[i], i);
  }
  out.op(Op::setitems).op(Op::stop);
  return out.take();
}

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Zip = std::unique_ptr<zip_t, Discard>;

// Adds an entry, uncompressed as in torch and with a fixed date, so that equal states give equal files. The bytes must live
// until the archive is closed.
void add_entry(const std::filesystem::path& path, zip_t* archive, const std::string& name, const void* data, std::size_t size) {
  zip_source_t* source = zip_source_buffer(archive, data, size, 0);
  const zip_int64_t index = source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    fail(path, zip_strerror(archive));
  }
  const auto at = static_cast<zip_uint64_t>(index);
  constexpr zip_uint16_t first_day = 1U << 5U | 1U;  // 1980-01-01, the first date of zip
  if (zip_set_file_compression(archive, at, ZIP_CM_STORE, 0) != 0 || zip_file_set_dostime(archive, at, 0, first_day, 0) != 0) {
    fail(path, zip_strerror(archive));
  }
}

// One name per line; a line end in a name becomes a blank.
std::string lines_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::string name : names) {
    std::ranges::replace(name, '\n', ' ');
    text += name + '\n';
  }
  return text;
}

void write_archive(const std::filesystem::path& path, const StateDict& state, const std::vector<std::string>& class_names) {
  const std::string pickled = pickle_of(state);
  const std::string names = lines_of(class_names);
  constexpr std::string_view version = "3\n";
  int code = 0;
  Zip archive(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) fail(path, fmt::format("cannot be written (zip error {})", code));
  add_entry(path, archive.get(), "archive/data.pkl", pickled.data(), pickled.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    add_entry(path, archive.get(), fmt::format("archive/data/{}", i), state[i].bytes.data(), state[i].bytes.size());
  }
  add_entry(path, archive.get(), "archive/version", version.data(), version.size());
  if (!names.empty()) add_entry(path, archive.get(), fmt::format("archive/{}", class_names_entry), names.data(), names.size());
  if (zip_close(archive.get()) != 0) fail(path, zip_strerror(archive.get()));
  std::ignore = archive.release();  // closing has freed it
}

void sync(const std::filesystem::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) fail_errno(path, "cannot be opened to sync");
  const bool done = fsync(fd) == 0;
  const int reason = errno;
  close(fd);
  errno = reason;
  if (!done) fail_errno(path, "cannot be synced");
}

void check(const std::filesystem::path& path, const StateDict& state) {
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : state) {
    if (tensor.name.empty() || !names.insert(tensor.name).second) {
      fail(path, fmt::format("the tensor name '{}' is empty or used twice", printable(tensor.name)));
    }
    const auto count = element_count(tensor.shape);
    const std::size_t element = size_of(tensor.dtype);
    if (!count || tensor.bytes.size() % element != 0 || static_cast<std::uint64_t>(*count) != tensor.bytes.size() / element) {
      fail(path, fmt::format("{} has {} bytes, not what its shape [{}] needs", printable(tensor.name), tensor.bytes.size(),
                             fmt::join(tensor.shape, ", ")));
    }
  }
}

}  // namespace

void write_state_dict(const std::filesystem::path& path, const StateDict& state, const std::vector<std::string>& class_names) {
  check(path, state);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const std::filesystem::path temporary = fmt::format("{}.tmp-{}", path.string(), getpid());
  try {
    write_archive(temporary, state, class_names);
    sync(temporary, O_RDONLY);
    std::filesystem::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;  // the first error is reported
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  sync(folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace tbft::models
