#include "harness/data/pixel_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "harness/data/dataset.h"
#include "harness/data/summary.h"
#include "results/files.h"

namespace tbft::data {
namespace {

namespace fs = std::filesystem;
namespace ipc = boost::interprocess;

struct Files {
  fs::path pixels, description;
};

Files files_of(const PixelCache& cache) {
  return {cache.folder / (cache.name + ".pixels"), cache.folder / (cache.name + ".json")};
}

std::size_t count_images(const Decoded& decoded) {
  return static_cast<std::size_t>(std::ranges::count_if(decoded.has_image, [](char has) { return has != 0; }));
}

std::shared_ptr<const ipc::mapped_region> map_to_read(const fs::path& path) {
  return std::make_shared<const ipc::mapped_region>(ipc::file_mapping(path.c_str(), ipc::read_only), ipc::read_only);
}

std::span<const std::uint8_t> bytes_of(const ipc::mapped_region& region) {
  return {static_cast<const std::uint8_t*>(region.get_address()), region.get_size()};
}

// The file that is being written, locked for as long as this lives: a file without a lock is one that a killed process left.
class Staged {
 public:
  // Throws std::system_error with the path.
  explicit Staged(const fs::path& path) : path_(path), file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), path.string());
    ::flock(file_, LOCK_EX | LOCK_NB);
  }
  ~Staged() { ::close(file_); }
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;

  // The blocks are allocated here, because a full disk would later cause a SIGBUS.
  void allocate(std::size_t bytes) const {
    const int error = ::posix_fallocate(file_, 0, static_cast<off_t>(bytes));
    if (error != 0)
      throw std::system_error(error, std::generic_category(), fmt::format("{} MiB in {}", (bytes >> 20) + 1, path_.string()));
  }

 private:
  fs::path path_;
  int file_;
};

// Removes the unfinished files that killed processes left. Those of a running process are locked; a minute covers the time
// between making a file and locking it.
void remove_leftovers(const fs::path& folder) {
  constexpr std::time_t old_s = 60;
  static const std::regex unfinished("[0-9a-f]{16}\\.pixels\\.[A-Za-z0-9]{6}");  // as results::Output names them
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!std::regex_match(entry->path().filename().string(), unfinished)) continue;
    const int file = ::open(entry->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) continue;
    struct stat status {};
    const bool is_left = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                         status.st_mtime + old_s < std::time(nullptr) && ::flock(file, LOCK_EX | LOCK_NB) == 0;
    if (is_left) ::unlink(entry->path().c_str());
    ::close(file);
  }
}

// What find() and write() agree on.
nlohmann::json description_of(const PixelCache& cache, const DecodeJob& job) {
  return {{"format", 1}, {"sources", cache.sources}, {"files", job.files}, {"image_bytes", job.image_bytes}};
}

std::optional<Decoded> find(const PixelCache& cache, const DecodeJob& job, Pixels& pixels) {
  constexpr std::size_t max_description = std::size_t{256} << 20;
  const auto files = files_of(cache);
  try {
    auto json = nlohmann::json::parse(results::read_file(files.description, max_description));
    Decoded decoded{.has_image = std::vector<char>(job.files, 1), .notes = json.at("notes").get<std::vector<std::string>>()};
    for (const auto i : json.at("left_out").get<std::vector<std::size_t>>()) decoded.has_image.at(i) = 0;
    const auto sha256 = json.at("sha256").get<std::string>();
    for (const char* key : {"notes", "left_out", "sha256"}) json.erase(key);
    if (json != description_of(cache, job)) return std::nullopt;
    auto region = map_to_read(files.pixels);
    const auto bytes = bytes_of(*region);
    if (bytes.size() != count_images(decoded) * job.image_bytes || sha256_of({bytes}) != sha256) return std::nullopt;
    pixels = Pixels(bytes, std::move(region));
    return decoded;
  } catch (const std::exception&) {  // nothing there, or nothing that a cache holds: it is made again
    return std::nullopt;
  }
}

Decoded write(const PixelCache& cache, const DecodeJob& job, Pixels& pixels) {
  const auto files = files_of(cache);
  fs::create_directories(cache.folder);
  remove_leftovers(cache.folder);
  results::Output output(files.pixels);
  const Staged staged(output.staged());
  staged.allocate(job.files * job.image_bytes);
  Decoded decoded;
  {
    ipc::mapped_region region(ipc::file_mapping(output.staged().c_str(), ipc::read_write), ipc::read_write);
    decoded = job.decode(static_cast<std::uint8_t*>(region.get_address()));
  }
  fs::resize_file(output.staged(), count_images(decoded) * job.image_bytes);
  auto region = map_to_read(output.staged());
  const auto bytes = bytes_of(*region);
  auto json = description_of(cache, job);
  json["sha256"] = sha256_of({bytes});
  json["notes"] = decoded.notes;
  json["left_out"] = nlohmann::json::array();
  for (std::size_t i = 0; i < job.files; ++i)
    if (decoded.has_image[i] == 0) json["left_out"].push_back(i);
  output.commit();
  results::write_file_atomically(files.description, json.dump());
  pixels = Pixels(bytes, std::move(region));
  return decoded;
}

}  // namespace

Decoded decode_to_memory(const DecodeJob& job, Pixels& pixels) {
  std::vector<std::uint8_t> bytes(job.files * job.image_bytes);
  auto decoded = job.decode(bytes.data());
  bytes.resize(count_images(decoded) * job.image_bytes);
  pixels = std::move(bytes);
  return decoded;
}

Decoded PixelCache::load_or_decode(const DecodeJob& job, Pixels& pixels) const {
  if (auto decoded = find(*this, job, pixels)) return std::move(*decoded);
  const auto fail = [&](const std::string& what) {
    return DataError(
        fmt::format("{}: the decoded images cannot be kept there: {}; name another folder with ?cache=DIR, or "
                    "keep them in memory with ?cache=none",
                    folder.string(), what));
  };
  try {
    return write(*this, job, pixels);
  } catch (const std::system_error& error) {  // with the path
    throw fail(error.what());
  } catch (const ipc::interprocess_exception& error) {
    throw fail(error.what());
  }
}

fs::path user_cache_folder() {
  const auto absolute = [](const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no thread changes it
    return value != nullptr && fs::path(value).is_absolute() ? fs::path(value) : fs::path();
  };
  if (const auto cache = absolute("XDG_CACHE_HOME"); !cache.empty()) return cache / "tbft";
  const auto home = absolute("HOME");
  return home.empty() ? fs::path() : home / ".cache" / "tbft";
}

}  // namespace tbft::data
