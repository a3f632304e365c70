// Small attribute files of sysfs: one value each. The only code that opens them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tbft::power {

// Why an attribute has no value now.
enum class SysfsFault {
  none,
  missing,        // ENOENT, ENODEV: no such file, or its device has gone
  no_permission,  // EACCES, EPERM
  no_data,        // EAGAIN, ENODATA: the device has no value yet, or none in its present state
  unparsable,     // readable, but not a number
  io,             // any other error of the device or its bus
};

struct SysfsError : std::runtime_error {
  SysfsError(SysfsFault fault_, const std::string& what) : std::runtime_error(what), fault(fault_) {}
  SysfsFault fault;
};

struct SysfsValue {
  std::int64_t value = 0;  // meaningless unless ok()
  SysfsFault fault = SysfsFault::none;
  bool ok() const { return fault == SysfsFault::none; }
};

// One attribute, kept open, because sysfs makes a new value for every read at offset 0. Reading allocates nothing and never
// throws.
class SysfsAttribute {
 public:
  // Throws SysfsError.
  explicit SysfsAttribute(const std::filesystem::path& path);
  ~SysfsAttribute();
  SysfsAttribute(SysfsAttribute&& other) noexcept;
  SysfsAttribute& operator=(SysfsAttribute&&) = delete;

  // A whole number with nothing but white space behind it.
  SysfsValue number() const;
  // Whether the text is `word`; false also if it cannot be read.
  bool is(std::string_view word) const;

 private:
  int fd_ = -1;
};

// A folder of attributes.
class SysfsDir {
 public:
  explicit SysfsDir(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  bool has(std::string_view name) const;
  // Text without white space around it, at most 4 KiB. Throws SysfsError.
  std::string text(std::string_view name) const;
  // Throws SysfsError.
  std::int64_t number(std::string_view name) const;
  // nullopt if there is no such attribute or it cannot be read.
  std::optional<std::string> maybe_text(std::string_view name) const;
  std::optional<std::int64_t> maybe_number(std::string_view name) const;
  // A property of the device tree that is one cell: four bytes, big-endian.
  std::optional<std::uint32_t> maybe_cell(std::string_view name) const;
  SysfsAttribute open(std::string_view name) const { return SysfsAttribute(path_ / name); }
  SysfsDir sub(std::string_view name) const { return SysfsDir(path_ / name); }

  // The names in the folder, sorted; empty if there is no such folder.
  std::vector<std::string> names() const;
  // The path with all links resolved, which is the same at every boot for a device; the path itself if that fails.
  std::filesystem::path real() const;

 private:
  std::filesystem::path path_;
};

}  // namespace tbft::power
