// Entries of a zip file by name. Every size is checked against the file's own before anything is allocated.
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
  // Throws CheckpointError when there is no such file, when it is no zip, or when two entries share a name.
  explicit Archive(const std::filesystem::path& path);
  // The same over bytes that outlive the archive; `name` stands for the file in errors.
  Archive(std::span<const std::byte> bytes, std::string name);

  const std::string& name() const { return name_; }
  std::vector<std::string> entries() const;
  bool contains(std::string_view entry) const { return entries_.contains(entry); }
  // Uncompressed bytes, as the directory says. Throws CheckpointError for an unknown entry.
  std::uint64_t size(std::string_view entry) const;

  // One entry, its CRC checked. All stored entries read through one archive may take the file's size together, all compressed
  // ones max_inflated bytes (torch stores; only repacked files compress). Throws CheckpointError beyond that or on damage.
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
