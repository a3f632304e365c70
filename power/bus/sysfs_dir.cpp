#include "tbft/power/sysfs_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

namespace tbft::power {
namespace {

constexpr std::size_t page = 4096;  // an attribute has one page at most

SysfsFault fault_of(int code) {
  if (code == ENOENT || code == ENODEV || code == ENOTDIR) return SysfsFault::missing;
  if (code == EACCES || code == EPERM) return SysfsFault::no_permission;
  return code == EAGAIN || code == ENODATA ? SysfsFault::no_data : SysfsFault::io;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space(" \t\r\n\0", 5);
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

// Bytes read, or -errno.
ssize_t read_at_start(int fd, char* buffer, std::size_t size) {
  ssize_t n = 0;
  do {
    n = ::pread(fd, buffer, size, 0);
  } while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

// Bytes read from the start of the file, or -errno.
ssize_t read_file(const std::filesystem::path& path, std::span<char> buffer) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const ssize_t n = read_at_start(fd, buffer.data(), buffer.size());
  ::close(fd);
  return n;
}

SysfsValue parsed(std::string_view text) {
  SysfsValue result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.value);
  if (error != std::errc{} || end != text.data() + text.size()) result.fault = SysfsFault::unparsable;
  return result;
}

}  // namespace

SysfsAttribute::SysfsAttribute(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (fd_ >= 0) return;
  const int code = errno;
  throw SysfsError(fault_of(code), fmt::format("{}: {}", path.string(), std::strerror(code)));
}

SysfsAttribute::~SysfsAttribute() {
  if (fd_ >= 0) ::close(fd_);
}

SysfsAttribute::SysfsAttribute(SysfsAttribute&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SysfsValue SysfsAttribute::number() const {
  std::array<char, 64> text{};
  const ssize_t n = read_at_start(fd_, text.data(), text.size());
  if (n < 0) return {.fault = fault_of(static_cast<int>(-n))};
  if (static_cast<std::size_t>(n) == text.size()) return {.fault = SysfsFault::unparsable};  // longer than any 64-bit number
  return parsed(trimmed({text.data(), static_cast<std::size_t>(n)}));
}

bool SysfsAttribute::is(std::string_view word) const {
  std::array<char, 64> text{};
  const ssize_t n = read_at_start(fd_, text.data(), text.size());
  return n >= 0 && trimmed({text.data(), static_cast<std::size_t>(n)}) == word;
}

bool SysfsDir::has(std::string_view name) const {
  return ::faccessat(AT_FDCWD, (path_ / name).c_str(), F_OK, AT_EACCESS) == 0;
}

std::string SysfsDir::text(std::string_view name) const {
  const auto path = path_ / name;
  std::array<char, page> buffer{};
  const ssize_t n = read_file(path, buffer);
  if (n < 0) {
    const auto code = static_cast<int>(-n);
    throw SysfsError(fault_of(code), fmt::format("{}: {}", path.string(), std::strerror(code)));
  }
  return std::string(trimmed({buffer.data(), static_cast<std::size_t>(n)}));
}

std::int64_t SysfsDir::number(std::string_view name) const {
  const std::string all = text(name);
  const SysfsValue value = parsed(all);
  if (value.ok()) return value.value;
  throw SysfsError(value.fault, fmt::format("{}: `{}` is not an integer", (path_ / name).string(), all.substr(0, 40)));
}

std::optional<std::string> SysfsDir::maybe_text(std::string_view name) const {
  try {
    return text(name);
  } catch (const SysfsError&) {
    return std::nullopt;
  }
}

std::optional<std::int64_t> SysfsDir::maybe_number(std::string_view name) const {
  try {
    return number(name);
  } catch (const SysfsError&) {
    return std::nullopt;
  }
}

std::optional<std::uint32_t> SysfsDir::maybe_cell(std::string_view name) const {
  std::array<char, 5> bytes{};
  if (read_file(path_ / name, bytes) != 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::vector<std::string> SysfsDir::names() const {
  std::vector<std::string> list;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(path_, none)) list.push_back(entry.path().filename().string());
  std::ranges::sort(list);
  return list;
}

std::filesystem::path SysfsDir::real() const {
  std::error_code none;
  auto path = std::filesystem::canonical(path_, none);
  return none ? path_ : path;
}

}  // namespace tbft::power
