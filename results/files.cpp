#include "results/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>
#include <vector>

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
  // EINVAL means a device or a pipe, which cannot be synced.
  if (::fsync(file.fd()) != 0 && errno != EINVAL) fail(errno, fmt::format("cannot sync {}", path.string()));
}

// A new name is on disk only after its folder is synced.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), fmt::format("cannot open {}", folder.string()));
  sync(file, folder);
}

// Calls again what a signal has interrupted.
template <typename Call>
auto retried(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

std::string read_all(const File& file, const fs::path& path, std::size_t max_bytes) {
  std::string content;
  constexpr std::size_t chunk = 1 << 16;
  // A string that grows to a large file's size holds it twice for a moment. The size is a hint alone: streams have none.
  struct stat status {};
  if (::fstat(file.fd(), &status) == 0 && status.st_size > 0)
    content.reserve(std::min(static_cast<std::size_t>(status.st_size), max_bytes) + 2 * chunk);
  while (true) {
    const std::size_t old = content.size();
    content.resize(old + chunk);
    const ssize_t n = retried([&] { return ::read(file.fd(), content.data() + old, chunk); });
    if (n < 0) fail(errno, fmt::format("cannot read {}", path.string()));
    content.resize(old + static_cast<std::size_t>(n));
    if (n == 0) return content;
    if (content.size() > max_bytes)
      throw std::runtime_error(fmt::format("{}: more than {} MiB, not a file of this program", path.string(), max_bytes >> 20));
  }
}

ssize_t write_once(const File& file, std::string_view text) {
  return retried([&] { return ::write(file.fd(), text.data(), text.size()); });
}

void write_all(const File& file, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t n = write_once(file, text);
    if (n < 0) fail(errno, fmt::format("cannot write {}", path.string()));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The number of this process's descriptor that the path names, or -1. Opening /dev/stdout again would write at the beginning of
// the file that the shell has opened, and overwrite the output of other programs.
int descriptor_of(const fs::path& path) {
  std::error_code none;
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : fs::path("."), none);
  if (none || folder != fmt::format("/proc/{}/fd", ::getpid())) return -1;
  const std::string name = path.filename().string();
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : -1;
}

bool leads_to_stream(const fs::path& target) {
  if (descriptor_of(target) >= 0) return true;
  std::error_code none;
  const fs::file_status status = fs::status(target, none);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

int open_stream(const fs::path& target, int flags) {
  const int descriptor = descriptor_of(target);
  if (descriptor >= 0) return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
}

void write_stream(const fs::path& target, std::string_view text, Durable durable) {
  const bool may_wait = durable == Durable::yes;
  const int fd = open_stream(target, may_wait ? 0 : O_NONBLOCK);
  if (fd < 0 && errno == ENXIO && !may_wait) return;  // a pipe without a reader
  const File file(fd, fmt::format("cannot write {}", target.string()));
  pollfd ready{file.fd(), POLLOUT, 0};
  if (!may_wait && ::poll(&ready, 1, 0) == 0) return;
  write_all(file, text, target);
}

void copy(const File& from, const File& to, const fs::path& path) {
  std::vector<char> buffer(1 << 16);
  while (true) {
    const ssize_t n = retried([&] { return ::read(from.fd(), buffer.data(), buffer.size()); });
    if (n < 0) fail(errno, fmt::format("cannot read what is meant for {}", path.string()));
    if (n == 0) return;
    write_all(to, {buffer.data(), static_cast<std::size_t>(n)}, path);
  }
}

// Copies mode and owner of the replaced file; a new file is readable by all.
void take_over(const File& staged, const fs::path& target) {
  constexpr mode_t as_others = 0644;  // mkostemp makes it private
  constexpr mode_t permissions = 07777;
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  // Only root can change an owner. Another user who replaces a file becomes its owner.
  if (exists && ::fchown(staged.fd(), old.st_uid, old.st_gid) != 0) errno = 0;
  if (::fchmod(staged.fd(), exists ? old.st_mode & permissions : as_others) != 0)
    fail(errno, fmt::format("cannot set the mode of {}", target.string()));
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t max_bytes) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("cannot open {}", path.string()));
  return read_all(file, path, max_bytes);
}

fs::path behind_links(fs::path path) {
  constexpr int most_links = 40;  // the kernel's own limit
  for (int links = 0; links < most_links; ++links) {
    std::error_code none;
    if (descriptor_of(path) >= 0 || !fs::is_symlink(fs::symlink_status(path, none))) return path;
    path = path.parent_path() / fs::read_symlink(path);
  }
  fail(ELOOP, fmt::format("cannot write {}", path.string()));
}

bool is_stream(const fs::path& path) {
  return leads_to_stream(behind_links(path));
}

Output::Output(const fs::path& path) : target_(behind_links(path)), stream_(leads_to_stream(target_)) {
  std::string temporary = (stream_ ? fs::temp_directory_path() / "tbft" : target_).string() + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC),
                  stream_ ? "cannot create a temporary file" : fmt::format("cannot create a file beside {}", path.string()));
  staged_ = temporary;
}

Output::~Output() {
  if (!staged_.empty()) ::unlink(staged_.c_str());
}

void Output::commit(Durable durable) {
  const File staged(::open(staged_.c_str(), O_RDONLY | O_CLOEXEC), fmt::format("cannot open {}", staged_.string()));
  if (stream_) {
    const File stream(open_stream(target_, 0), fmt::format("cannot write {}", target_.string()));
    return copy(staged, stream, target_);
  }
  take_over(staged, target_);
  if (durable == Durable::yes) sync(staged, target_);
  if (::rename(staged_.c_str(), target_.c_str()) == 0) {
    staged_.clear();
    if (durable == Durable::yes) sync_folder_of(target_);
    return;
  }
  // A file that is a mount point, as in containers, cannot be replaced.
  if (errno != EBUSY) fail(errno, fmt::format("cannot rename {} to {}", staged_.string(), target_.string()));
  const File mounted(::open(target_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC), fmt::format("cannot write {}", target_.string()));
  copy(staged, mounted, target_);
  if (durable == Durable::yes) sync(mounted, target_);
}

void write_file_atomically(const fs::path& path, const std::string& content, Durable durable) {
  if (const fs::path target = behind_links(path); leads_to_stream(target)) return write_stream(target, content, durable);
  Output output(path);
  {
    const File file(::open(output.staged().c_str(), O_WRONLY | O_CLOEXEC), fmt::format("cannot open {}", path.string()));
    write_all(file, content, path);
  }
  output.commit(durable);
}

void append_to_file(const fs::path& path, std::size_t max_bytes, const std::function<Append(std::string_view)>& plan) {
  constexpr mode_t mode = 0644;
  const File file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, mode),
                  fmt::format("cannot open {}", path.string()));
  // Two programs that append at once would cut each other's row as an incomplete tail. The lock is advisory; file systems
  // without locks have none.
  retried([&] { return ::flock(file.fd(), LOCK_EX); });
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) fail(errno, fmt::format("cannot read the size of {}", path.string()));
  const std::string content = status.st_size > 0 ? read_all(file, path, max_bytes) : std::string();
  const Append append = plan(content);
  const auto keep = static_cast<off_t>(append.keep);
  if (append.keep < content.size() && ::ftruncate(file.fd(), keep) != 0)
    fail(errno, fmt::format("cannot cut {}", path.string()));
  const ssize_t n = write_once(file, append.text);
  if (n < 0 || static_cast<std::size_t>(n) < append.text.size()) {
    // A short write sets no error number. It is the first sign of a full disk.
    const int error = n < 0 ? errno : ENOSPC;
    const bool cut = ::ftruncate(file.fd(), keep) == 0;
    fail(error, fmt::format("{}: {} of {} bytes written, {}", path.string(), n < 0 ? 0 : n, append.text.size(),
                            cut ? "the file was cut back to what it was" : "and the file could not be cut back"));
  }
  sync(file, path);
  if (content.empty()) sync_folder_of(path);
}

}  // namespace tbft::results
