#include "harness/sweep/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>

namespace tbft {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_whole(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) fail("cannot write to the parent process");
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void run_child(int answers, pid_t parent, const std::function<void(const Worker::Send&)>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent ended before the request took effect
  constexpr int kept = STDERR_FILENO + 1;
  if (answers != kept) dup2(answers, kept);
  // This includes the lock of a run directory, which must be released when the parent ends.
  close_range(kept + 1, ~0U, 0);
  int code = 0;
  try {
    work([](const std::string& line) { write_whole(kept, line + "\n"); });
  } catch (const std::exception&) {
    code = 1;
  }
  _exit(code);
}

}  // namespace

Worker::Worker(const std::function<void(const Send&)>& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) run_child(ends[1], parent, work);
  const int error = errno;
  close(ends[1]);
  fd_ = ends[0];
  if (pid_ < 0) {
    close(fd_);
    errno = error;
    fail("cannot fork");
  }
}

Worker::~Worker() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    wait();
  }
  close(fd_);
}

bool Worker::read(std::vector<std::string>& lines) {
  std::array<char, 65536> buffer;
  const auto n = ::read(fd_, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return true;
  if (n < 0) fail("cannot read from a worker");
  torn_.append(buffer.data(), static_cast<std::size_t>(n));
  std::size_t begin = 0;
  for (auto end = torn_.find('\n'); end != std::string::npos; begin = end + 1, end = torn_.find('\n', begin))
    lines.push_back(torn_.substr(begin, end - begin));
  torn_.erase(0, begin);
  return n > 0;
}

void Worker::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

std::string Worker::wait() {
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  pid_ = -1;
  // If SIGCHLD is ignored (inherited from the program's parent), the kernel discards the status.
  if (ended < 0) return "ended";
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace tbft
