#include "harness/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kill_delay = std::chrono::seconds(2);

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&set, number);
  return set;
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// The child gets the signal mask and dispositions that we were started with.
pid_t spawn(const std::vector<std::string>& command, const sigset_t& mask, int& error) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  error = posix_spawnp(&pid, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  return pid;
}

}  // namespace

struct ChildRunner::Mask {
  sigset_t set;
  struct sigaction on_child;
};

ChildRunner::ChildRunner() : old_(new Mask) {
  const auto set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, &old_->set);
  // Who starts us with SIGCHLD ignored would have the kernel throw the exit code away.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &standard, &old_->on_child);
}

ChildRunner::~ChildRunner() {
  sigaction(SIGCHLD, &old_->on_child, nullptr);
  pthread_sigmask(SIG_SETMASK, &old_->set, nullptr);
  delete old_;
}

int ChildRunner::run(const std::vector<std::string>& command, std::optional<double> timeout_s) {
  int error = 0;
  const pid_t pid = spawn(command, old_->set, error);
  if (error == ENOENT) return exit_not_found;
  if (error != 0) return exit_not_executable;

  const auto set = waited_signals();
  std::optional<SteadyClock::time_point> deadline;
  // Beyond 30 years the clock's integer would overflow, and the command end at once.
  constexpr double longest_s = 1e9;
  if (timeout_s)
    deadline = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                        std::chrono::duration<double>(std::min(*timeout_s, longest_s)));
  bool timed_out = false;
  while (true) {
    int status = 0;
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waiting for the command");
    if (ended == pid) return timed_out ? exit_timed_out : exit_code_of(status);

    if (deadline && SteadyClock::now() >= *deadline) {
      kill(pid, timed_out ? SIGKILL : SIGTERM);
      timed_out = true;
      deadline = SteadyClock::now() + kill_delay;
    }
    // A second at most: nothing is lost if a SIGCHLD came between waitpid and here, it stays pending.
    timespec patience{1, 0};
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*deadline - SteadyClock::now()).count();
      if (left < 1'000'000'000) patience = {0, std::max<long>(left, 0)};
    }
    siginfo_t info{};
    const int number = sigtimedwait(&set, &info, &patience);
    // What a terminal sends reaches the child by itself; what `kill` sends to us does not.
    if (number > 0 && number != SIGCHLD && info.si_code <= 0) kill(pid, number);
  }
}

}  // namespace tbft
