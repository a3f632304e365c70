#include "models/checkpoint/archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <array>
#include <fstream>
#include <utility>

#include "models/checkpoint/printable.h"
#include "models/checkpoint/state_dict.h"

namespace tbft::models {
namespace {

// libzip's error object with its destructor.
struct ZipError {
  ZipError() { zip_error_init(&error); }
  explicit ZipError(int code) { zip_error_init_with_code(&error, code); }
  ~ZipError() { zip_error_fini(&error); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  const char* text() { return zip_error_strerror(&error); }
  zip_error_t error{};
};

struct FileCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// Describes a file that libzip cannot open, from its first bytes.
[[noreturn]] void refuse(const std::string& name, std::string_view head, std::string_view zip_says) {
  if (head.starts_with("PK")) {
    throw CheckpointError(fmt::format("{}: the zip archive is truncated or damaged ({}); fetch it again", name, zip_says));
  }
  throw CheckpointError(
      fmt::format("{}: not a checkpoint: torch.save writes a zip archive, and this is not one ({})", name, zip_says));
}

}  // namespace

void Archive::Discard::operator()(zip* archive) const {
  zip_discard(archive);
}

Archive::Archive(const std::filesystem::path& path) : name_(path.string()) {
  // A pipe would block and a directory has no size.
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) {
    throw CheckpointError(fmt::format("{}: {}", name_, error ? error.message() : "not a regular file"));
  }
  stored_left_ = std::filesystem::file_size(path);
  int code = 0;
  zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!zip_) {
    std::array<char, 4> head{};
    std::ifstream file(path, std::ios::binary);
    if (!file) throw CheckpointError(fmt::format("{}: cannot be read", name_));
    file.read(head.data(), head.size());
    refuse(name_, {head.data(), static_cast<std::size_t>(file.gcount())}, ZipError(code).text());
  }
  index_entries();
}

Archive::Archive(std::span<const std::byte> bytes, std::string name) : name_(std::move(name)), stored_left_(bytes.size()) {
  ZipError error;
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error.error);
  if (source == nullptr) throw CheckpointError(fmt::format("{}: {}", name_, error.text()));
  zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error.error));
  if (!zip_) {
    zip_source_free(source);  // only a successful open takes ownership
    // char aliases every type, so the first bytes may be read as text.
    const std::size_t size = bytes.size() < 4 ? bytes.size() : 4;
    refuse(name_, {reinterpret_cast<const char*>(bytes.data()), size}, error.text());
  }
  index_entries();
}

void Archive::index_entries() {
  const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    constexpr auto needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;
    const auto index = static_cast<zip_uint64_t>(i);
    if (zip_stat_index(zip_.get(), index, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & needed) != needed) {
      throw CheckpointError(fmt::format("{}: entry {} of the zip archive is damaged", name_, i));
    }
    const Entry entry{.index = index, .size = stat.size, .stored = stat.comp_method == ZIP_CM_STORE};
    if (!entries_.emplace(stat.name, entry).second) {
      throw CheckpointError(fmt::format("{}: two entries are named {}", name_, printable(stat.name)));
    }
  }
}

std::vector<std::string> Archive::entries() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const Archive::Entry& Archive::find(std::string_view entry) const {
  const auto found = entries_.find(entry);
  if (found == entries_.end()) throw CheckpointError(fmt::format("{}: has no entry {}", name_, printable(entry)));
  return found->second;
}

std::uint64_t Archive::size(std::string_view entry) const {
  return find(entry).size;
}

std::vector<std::byte> Archive::read(std::string_view entry) {
  const Entry& what = find(entry);
  std::uint64_t& left = what.stored ? stored_left_ : inflated_left_;
  if (what.size > left) {
    throw CheckpointError(
        what.stored ? fmt::format("{}: {} claims {} bytes, more than the file has", name_, printable(entry), what.size)
                    : fmt::format("{}: {} inflates to {} bytes; compressed entries may take {} MiB together", name_,
                                  printable(entry), what.size, max_inflated >> 20U));
  }
  left -= what.size;
  const std::unique_ptr<zip_file_t, FileCloser> file(zip_fopen_index(zip_.get(), what.index, 0));
  if (!file) {
    throw CheckpointError(
        fmt::format("{}: {} cannot be opened: {}", name_, printable(entry), zip_error_strerror(zip_get_error(zip_.get()))));
  }
  std::vector<std::byte> bytes(what.size);
  std::size_t have = 0;
  zip_int64_t got = 0;
  while (have < bytes.size() && (got = zip_fread(file.get(), bytes.data() + have, bytes.size() - have)) > 0) {
    have += static_cast<std::size_t>(got);
  }
  // libzip checks the CRC when it reaches the end, so this requests one byte more.
  std::byte beyond{};
  if (have < bytes.size() || zip_fread(file.get(), &beyond, 1) != 0) {
    throw CheckpointError(fmt::format("{}: {} is damaged ({}); fetch the file again", name_, printable(entry),
                                      zip_error_strerror(zip_file_get_error(file.get()))));
  }
  return bytes;
}

}  // namespace tbft::models
