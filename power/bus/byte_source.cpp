#include "power/bus/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::power {
namespace {

using std::chrono::milliseconds;
constexpr const char* shell = "/bin/sh";
constexpr milliseconds patience_of_end{200};  // from the end of the output to the end of the program
constexpr milliseconds patience_of_term{1000};
constexpr milliseconds step{5};

std::string error_text(int code) {
  return std::generic_category().message(code);
}

// A file descriptor.
class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  ~File() { close(); }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// Reads what is there. nullopt: the end, or an error, whose number is then in `error`.
std::optional<std::size_t> read_some(int fd, std::span<char> into, int& error) {
  ssize_t n = 0;
  do {
    n = ::read(fd, into.data(), into.size());
  } while (n < 0 && errno == EINTR);
  error = n < 0 ? errno : 0;
  if (error == EAGAIN || error == EWOULDBLOCK) return 0;
  if (n <= 0) return std::nullopt;
  return static_cast<std::size_t>(n);
}

// The words of the command line: the shell, or the file that `command` names. A script that may not be executed but is one of
// the shell's, as its name says, is run by the shell.
std::vector<std::string> words_of(const std::string& command) {
  struct stat file {};
  if (::stat(command.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return {shell, "-c", command};
  const std::string path = command.find('/') == std::string::npos ? "./" + command : command;
  if (::access(path.c_str(), X_OK) == 0) return {path};
  if (path.ends_with(".sh")) return {shell, path};
  throw MeterUnavailable(fmt::format(
      "meter exec: {}: not executable; chmod +x {}, or name its interpreter: exec://python3 -u {}", command, command, command));
}

class SpawnSettings {
 public:
  explicit SpawnSettings(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawnattr_init(&attributes_);
    // This program ignores signals and blocks others; the child begins with none of that.
    sigset_t none, defaults;
    ::sigemptyset(&none);
    ::sigemptyset(&defaults);
    for (const int number : {SIGPIPE, SIGXFSZ, SIGCHLD}) ::sigaddset(&defaults, number);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  pid_t spawn(const std::vector<std::string>& words) const {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    // A script without #! is run by the shell, as shells do.
    if (error == ENOEXEC && words.size() == 1) return spawn({shell, words.front()});
    if (error != 0) throw MeterUnavailable(fmt::format("meter exec: {}: {}", words.back(), error_text(error)));
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

class Program final : public ByteSource {
 public:
  explicit Program(const std::string& command) {
    const auto words = words_of(command);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw MeterUnavailable("meter exec: no pipe: " + error_text(errno));
    const File output(ends[1]);
    input_.emplace(ends[0]);
    // Only this end: a program whose own output does not wait would lose what it prints.
    ::fcntl(input_->get(), F_SETFL, ::fcntl(input_->get(), F_GETFL) | O_NONBLOCK);
    pid_ = SpawnSettings(output.get()).spawn(words);
  }

  // The group is signalled before its leader is reaped: until then no other process can get its number.
  ~Program() override {
    input_.reset();
    ::kill(-pid_, SIGTERM);
    if (!ends_within(patience_of_term)) {
      ::kill(-pid_, SIGKILL);
      ends_within(patience_of_term);
    }
    if (is_reaped_) return;
    ::kill(-pid_, SIGKILL);  // what the leader of the group left behind
    int status = 0;
    ::waitpid(pid_, &status, WNOHANG);
  }

  std::optional<std::size_t> read(std::span<char> into) override {
    int error = 0;
    return read_some(input_->get(), into, error);
  }

  std::string end() override {
    siginfo_t info{};
    if (!ends_within(patience_of_end, &info)) return "the program closed its standard output";
    if (info.si_code == CLD_EXITED && info.si_status == exit_not_found)
      return "the program was not found (exit code 127); one in this folder needs ./ before its name";
    if (info.si_code == CLD_EXITED) return fmt::format("the program ended with exit code {}", info.si_status);
    if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
      return fmt::format("the program was ended by signal {} ({})", info.si_status, ::strsignal(info.si_status));
    return "the program ended";
  }

 private:
  static constexpr int exit_not_found = 127;

  // Waits for the leader of the group, and leaves it for waitpid(). A process that somebody else reaped has ended as well.
  bool ends_within(milliseconds patience, siginfo_t* result = nullptr) {
    for (auto waited = milliseconds(0);; waited += step) {
      siginfo_t info{};
      const int failed = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
      if (failed != 0 && errno == ECHILD) return is_reaped_ = true;
      if (failed == 0 && info.si_pid == pid_) {
        if (result != nullptr) *result = info;
        return true;
      }
      if (waited >= patience) return false;
      std::this_thread::sleep_for(step);
    }
  }

  std::optional<File> input_;
  pid_t pid_ = -1;
  bool is_reaped_ = false;
};

class Pipe final : public ByteSource {
 public:
  explicit Pipe(const std::filesystem::path& path)
      : path_(path.string()), file_(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
    const int error = errno;
    if (file_.get() < 0) {
      throw MeterUnavailable(fmt::format("meter lines: {}: {}{}", path_, error_text(error),
                                         error == ENOENT  ? fmt::format("; `mkfifo {}` makes a pipe", path_)
                                         : error == ENXIO ? "; a socket cannot be read so: exec://nc -U PATH"
                                                          : ""));
    }
    struct stat kind {};
    ::fstat(file_.get(), &kind);
    if (S_ISDIR(kind.st_mode)) throw MeterUnavailable(fmt::format("meter lines: {}: a folder; name a pipe or a file", path_));
    regular_ = S_ISREG(kind.st_mode);
    if (regular_) ::lseek(file_.get(), 0, SEEK_END);
  }

  std::optional<std::size_t> read(std::span<char> into) override {
    const auto n = read_some(file_.get(), into, error_);
    if (n || error_ != 0) return n;
    if (regular_) begin_again_if_shorter();
    return 0;  // the end of a file that grows, or a pipe that has no writer now
  }

  std::string end() override { return fmt::format("{}: {}", path_, error_text(error_)); }

 private:
  // A file that is shorter than what was read of it was written anew.
  void begin_again_if_shorter() {
    struct stat now {};
    if (::fstat(file_.get(), &now) == 0 && now.st_size < ::lseek(file_.get(), 0, SEEK_CUR)) ::lseek(file_.get(), 0, SEEK_SET);
  }

  std::string path_;
  File file_;
  bool regular_ = false;
  int error_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> start_program(const std::string& command) {
  return std::make_unique<Program>(command);
}

std::unique_ptr<ByteSource> open_pipe(const std::filesystem::path& path) {
  return std::make_unique<Pipe>(path);
}

}  // namespace tbft::power
