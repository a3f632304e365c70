#include "results/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace tbft::results {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Owns a descriptor.
class File {
 public:
  File(int fd, const std::string& what) : fd_(fd) {
    if (fd_ < 0) fail(errno, what);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

void sync(const File& file, const fs::path& path) {
  // EINVAL: a device or a pipe, which has nothing to sync.
  if (::fsync(file.fd()) != 0 && errno != EINVAL) fail(errno, fmt::format("cannot sync {}", path.string()));
}

// A new name is on disk only once its folder is.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), fmt::format("cannot open {}", folder.string()));
  sync(file, folder);
}

std::string read_all(const File& file, const fs::path& path, std::size_t max_bytes) {
  std::string content;
  constexpr std::size_t chunk = 1 << 16;
  while (true) {
    const std::size_t old = content.size();
    content.resize(old + chunk);
    const ssize_t n = ::read(file.fd(), content.data() + old, chunk);
    if (n < 0 && errno != EINTR) fail(errno, fmt::format("cannot read {}", path.string()));
    content.resize(old + (n < 0 ? 0 : static_cast<std::size_t>(n)));
    if (n == 0) return content;
    if (content.size() > max_bytes) {
      throw std::runtime_error(fmt::format("{}: more than {} MiB, not a file of this program", path.string(), max_bytes >> 20));
    }
  }
}

ssize_t write_once(const File& file, std::string_view text) {
  while (true) {
    const ssize_t n = ::write(file.fd(), text.data(), text.size());
    if (n >= 0 || errno != EINTR) return n;
  }
}

void write_all(const File& file, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t n = write_once(file, text);
    if (n < 0) fail(errno, fmt::format("cannot write {}", path.string()));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t max_bytes) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("cannot open {}", path.string()));
  return read_all(file, path, max_bytes);
}

void write_file_atomically(const fs::path& path, const std::string& content, Durable durable) {
  std::string temporary = path.string() + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC), fmt::format("cannot create a file beside {}", path.string()));
  try {
    write_all(file, content, path);
    constexpr mode_t as_others = 0644;  // mkostemp makes it private
    if (::fchmod(file.fd(), as_others) != 0) fail(errno, fmt::format("cannot set the mode of {}", temporary));
    if (durable == Durable::yes) sync(file, path);
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      fail(errno, fmt::format("cannot rename {} to {}", temporary, path.string()));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  if (durable == Durable::yes) sync_folder_of(path);
}

void append_to_file(const fs::path& path, std::size_t max_bytes, const std::function<Append(std::string_view)>& plan) {
  constexpr mode_t mode = 0644;
  const File file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, mode),
                  fmt::format("cannot open {}", path.string()));
  // Two appenders at once would cut each other's row as a torn tail. Advisory: a file system without locks goes without.
  while (::flock(file.fd(), LOCK_EX) != 0 && errno == EINTR) {
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) fail(errno, fmt::format("cannot read the size of {}", path.string()));
  const std::string content = status.st_size > 0 ? read_all(file, path, max_bytes) : std::string();
  const Append append = plan(content);
  const auto keep = static_cast<off_t>(append.keep);
  if (append.keep < content.size() && ::ftruncate(file.fd(), keep) != 0)
    fail(errno, fmt::format("cannot cut {}", path.string()));
  const ssize_t n = write_once(file, append.text);
  if (n < 0 || static_cast<std::size_t>(n) < append.text.size()) {
    // A short write has no error number of its own: it is how a disk that fills up answers first.
    const int error = n < 0 ? errno : ENOSPC;
    const bool cut = ::ftruncate(file.fd(), keep) == 0;
    fail(error, fmt::format("{}: {} of {} bytes written, {}", path.string(), n < 0 ? 0 : n, append.text.size(),
                            cut ? "the file was cut back to what it was" : "and the file could not be cut back"));
  }
  sync(file, path);
  if (content.empty()) sync_folder_of(path);
}

}  // namespace tbft::results
