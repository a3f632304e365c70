// Entries of a zip file by name. Every size is checked against the file's size before memory is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace tbft::models {

class Archive {
 public:
  // Throws CheckpointError if there is no such file, if it is not a zip archive, or if two entries have the same name.
  explicit Archive(const std::filesystem::path& path);
  // The same for bytes, which must outlive the archive; `name` replaces the file name in errors.
  Archive(std::span<const std::byte> bytes, std::string name);

  const std::string& name() const { return name_; }
  std::vector<std::string> entries() const;
  bool contains(std::string_view entry) const { return entries_.contains(entry); }
  // The uncompressed size in bytes from the archive's directory. Throws CheckpointError for an unknown entry.
  std::uint64_t size(std::string_view entry) const;

  // Reads one entry and checks its CRC. The total of all stored entries read through one archive is limited to the file's size,
  // the total of all compressed ones to max_inflated bytes (torch stores entries; only repacked files compress them). Throws
  // CheckpointError beyond that or on damage.
  std::vector<std::byte> read(std::string_view entry);

  static constexpr std::uint64_t max_inflated = 256U << 20U;

 private:
  struct Entry {
    std::uint64_t index = 0;
    std::uint64_t size = 0;
    bool stored = true;
  };
  struct Discard {
    void operator()(zip* archive) const;
  };
  void index_entries();
  const Entry& find(std::string_view entry) const;

  std::string name_;
  std::unique_ptr<zip, Discard> zip_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t stored_left_ = 0;
  std::uint64_t inflated_left_ = max_inflated;
};

}  // namespace tbft::models
