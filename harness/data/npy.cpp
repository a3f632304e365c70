#include "harness/data/npy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace tbft::data {
namespace {

static_assert(std::endian::native == std::endian::little, "the data are copied byte by byte from the file");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t max_dimensions = 32;  // numpy's own limit

std::size_t item_bytes(std::string_view dtype) {
  if (dtype == "|u1") return 1;
  if (dtype == "<i4") return 4;
  if (dtype == "<i8") return 8;
  throw std::runtime_error(fmt::format("its values are '{:.20}'; expected '|u1', '<i4' or '<i8'", dtype));
}

// Reads {'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }: three keys in any order, each once. Throws
// std::runtime_error.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  NpyView parse() {
    expect('{');
    while (!take('}')) {
      const auto key = quoted();
      expect(':');
      if (key == "descr" && !dtype_) {
        dtype_ = std::string(quoted());
      } else if (key == "fortran_order" && !fortran_) {
        fortran_ = boolean();
      } else if (key == "shape" && !shape_) {
        shape_ = tuple();
      } else {
        throw std::runtime_error(fmt::format("its header has an unknown or repeated key '{:.20}'", key));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!text_.empty()) malformed();
    if (!dtype_ || !fortran_ || !shape_) throw std::runtime_error("its header lacks descr, fortran_order or shape");
    if (*fortran_) throw std::runtime_error("it is in Fortran order; expected C order");
    return {.dtype = *dtype_, .shape = *shape_, .bytes = {}};
  }

 private:
  [[noreturn]] static void malformed() { throw std::runtime_error("its header is malformed"); }
  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }
  bool take(char c) {
    skip_space();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) malformed();
  }
  std::string_view quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const auto end = text_.find(quote);
    if (end == std::string_view::npos) malformed();
    const auto inner = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return inner;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return word == "True";
    }
    malformed();
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!take(')')) {
      skip_space();
      std::int64_t length = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), length);
      if (error != std::errc{} || length < 0 || shape.size() == max_dimensions) malformed();
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      shape.push_back(length);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  std::optional<std::string> dtype_;
  std::optional<bool> fortran_;
  std::optional<std::vector<std::int64_t>> shape_;
};

std::uint64_t product(const std::vector<std::int64_t>& shape, std::size_t item) {
  std::uint64_t bytes = item;
  for (const auto length : shape) {
    const auto factor = static_cast<std::uint64_t>(length);
    if (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor)
      throw std::runtime_error("its shape is larger than any file");
    bytes *= factor;
  }
  return bytes;
}

NpyView parse(std::span<const std::uint8_t> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto byte = [&](std::size_t i) {
    if (i >= file.size()) throw std::runtime_error("it ends within its header");
    return static_cast<std::size_t>(file[i]);
  };
  if (!text.starts_with(magic)) throw std::runtime_error("it is not a .npy file");
  const auto major = byte(6), minor = byte(7);
  if ((major != 1 && major != 2) || minor != 0)
    throw std::runtime_error(fmt::format("it has .npy format {}.{}; expected 1.0 or 2.0", major, minor));
  const std::size_t begin = major == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8U;
  if (major == 2) length |= byte(10) << 16U | byte(11) << 24U;
  if (length > file.size() - begin) throw std::runtime_error("it ends within its header");
  NpyView view = HeaderParser(text.substr(begin, length)).parse();
  view.bytes = file.subspan(begin + length);
  const auto expected = product(view.shape, item_bytes(view.dtype));
  if (view.bytes.size() != expected) {
    throw std::runtime_error(fmt::format("it holds {} bytes of data; its shape ({}) of '{}' takes {}", view.bytes.size(),
                                         fmt::join(view.shape, ", "), view.dtype, expected));
  }
  return view;
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::span<const std::uint8_t> map(const std::filesystem::path& path) {
  const auto refuse = [&] { throw DataError(fmt::format("{}: {}", path.string(), std::generic_category().message(errno))); };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) refuse();
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(fd);
    throw DataError(fmt::format("{}: empty, or not a file", path.string()));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (address == MAP_FAILED) refuse();
  return {static_cast<const std::uint8_t*>(address), size};
}

void unmap(std::span<const std::uint8_t> mapped) {
  ::munmap(const_cast<std::uint8_t*>(mapped.data()), mapped.size());
}

}  // namespace

NpyView parse_npy(std::span<const std::uint8_t> file, const std::string& name) {
  try {
    return parse(file);
  } catch (const std::runtime_error& error) {
    throw DataError(fmt::format("{}: {}", name, error.what()));
  }
}

std::vector<std::int64_t> whole_numbers(const NpyView& array) {
  const auto item = item_bytes(array.dtype);
  std::vector<std::int64_t> numbers;
  numbers.reserve(array.bytes.size() / item);
  for (std::size_t at = 0; at + item <= array.bytes.size(); at += item) {
    const auto read = [&](auto value) {
      std::memcpy(&value, array.bytes.data() + at, sizeof value);
      return static_cast<std::int64_t>(value);
    };
    numbers.push_back(item == 1 ? read(std::uint8_t{}) : item == 4 ? read(std::int32_t{}) : read(std::int64_t{}));
  }
  return numbers;
}

NpyFile::NpyFile(const std::filesystem::path& path) : mapped_(map(path)) {
  try {
    array_ = parse_npy(mapped_, path.string());
  } catch (...) {
    unmap(mapped_);
    throw;
  }
}

NpyFile::~NpyFile() {
  unmap(mapped_);
}

NpyWriter::NpyWriter(std::filesystem::path path, const std::vector<std::int64_t>& shape)
    : path_(std::move(path)), temporary_(path_.string() + ".XXXXXX") {
  std::string header = fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}", fmt::join(shape, ", "));
  constexpr std::size_t preamble = 10, alignment = 64;
  header.append(alignment - 1 - (preamble + header.size()) % alignment, ' ');
  header += '\n';
  std::string start(magic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
  start += header;
  missing_ = product(shape, 1);
  fd_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (fd_ < 0) fail(fmt::format("cannot create a file beside {}", path_.string()));
  try {
    write({reinterpret_cast<const std::uint8_t*>(start.data()), start.size()});
  } catch (...) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
    throw;
  }
}

NpyWriter::~NpyWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void NpyWriter::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(fmt::format("cannot write {}", path_.string()));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NpyWriter::append(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > missing_) throw std::logic_error(fmt::format("{}: more data than its shape says", path_.string()));
  write(bytes);
  missing_ -= bytes.size();
}

void NpyWriter::commit() {
  if (missing_ != 0) throw std::logic_error(fmt::format("{}: {} bytes of data are missing", path_.string(), missing_));
  constexpr mode_t as_others = 0644;  // mkostemp makes it private
  if (::fchmod(fd_, as_others) != 0 || ::fsync(fd_) != 0) fail(fmt::format("cannot sync {}", path_.string()));
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(fmt::format("cannot rename {}", temporary_));
  ::close(fd_);
  fd_ = -1;
}

}  // namespace tbft::data
