#include "harness/host/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "harness/host/interrupted.h"
#include "harness/host/process_tree.h"
#include "results/text.h"

namespace tbft {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kill_delay = std::chrono::seconds(2);

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  return set;
}

sigset_t waited_signals() {
  return set_of({SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT});
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

void signal_all(const std::vector<pid_t>& processes, int number) {
  for (const pid_t process : processes) kill(process, number);
}

// Kills and reaps all other processes that the command started. Gives up on those that do not end within kill_delay.
void end_descendants(const std::vector<pid_t>& earlier) {
  const auto give_up = SteadyClock::now() + kill_delay;
  for (auto left = descendants_but(earlier); !left.empty() && SteadyClock::now() < give_up; left = descendants_but(earlier)) {
    signal_all(left, SIGKILL);
    for (const pid_t process : left) waitpid(process, nullptr, WNOHANG);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The child gets the signal mask and dispositions with which this program was started.
pid_t spawn(const std::vector<std::string>& command, const sigset_t& mask, const ChildStreams& streams, int& error) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  const auto defaults = set_of({SIGPIPE, SIGXFSZ});
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  if (streams.no_input) posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (streams.no_output) posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  error = posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return pid;
}

// Searches PATH as posix_spawnp does; empty where the file is not found.
std::filesystem::path found_in_path(const std::string& command) {
  std::error_code none;
  if (command.find('/') != std::string::npos) return std::filesystem::exists(command, none) ? command : "";
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): no thread changes it
  std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto file = std::filesystem::path(folder) / command;
    if (!command.empty() && std::filesystem::exists(file, none)) return file;
  }
  return {};
}

}  // namespace

std::string missing_of(const std::string& command) {
  const auto file = found_in_path(command);
  if (file.empty()) return "command not found";
  constexpr std::streamsize longest = 128;  // the kernel reads this much of the first line (more since 5.1)
  std::string line(longest, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(line.data(), longest);
  line.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (!line.starts_with("#!")) return "exists, but its dynamic loader does not: it was built for another system";
  line = line.substr(2, line.find('\n') - 2);
  line.erase(0, line.find_first_not_of(" \t"));
  const std::string interpreter = line.substr(0, line.find_first_of(" \t"));
  if (interpreter.ends_with('\r'))
    return fmt::format(
        "its first line ends with a carriage return, so that no interpreter {} is found; save it with Unix line ends",
        results::printable(interpreter.substr(0, interpreter.size() - 1)));
  return fmt::format("its interpreter {} is missing", results::printable(interpreter));
}

bool exists_as_command(const std::string& command) {
  return !found_in_path(command).empty();
}

struct ChildRunner::Mask {
  sigset_t set;
  struct sigaction on_child;
};

ChildRunner::ChildRunner() : old_(new Mask) {
  const auto set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, &old_->set);
  // A parent may start this program with SIGCHLD ignored; the kernel would then discard the command's exit code.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &standard, &old_->on_child);
}

ChildRunner::~ChildRunner() {
  sigaction(SIGCHLD, &old_->on_child, nullptr);
  pthread_sigmask(SIG_SETMASK, &old_->set, nullptr);
  delete old_;
}

int ChildRunner::run(const std::vector<std::string>& command, std::optional<double> timeout_s, const ChildStreams& streams) {
  // A signal that arrived before the command started ends this program, because the command never received it.
  sleep(0);
  int error = 0;
  // Grandchildren whose parent ended become children of this process, so that a time-out and process_tree.h find them.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto earlier = descendants(getpid());  // such as a meter's program, which goes on after a time-out
  if (!not_ours_) not_ours_ = earlier;
  const pid_t pid = spawn(command, old_->set, streams, error);
  started_ = error == 0;
  user_s_ = system_s_ = 0;
  if (error == ENOENT) return exit_not_found;
  if (error != 0) return exit_not_executable;

  const auto set = waited_signals();
  std::optional<SteadyClock::time_point> deadline;
  // Beyond 30 years the clock's integer would overflow, and the command would end at once.
  constexpr double longest_s = 1e9;
  if (timeout_s)
    deadline = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                        std::chrono::duration<double>(std::min(*timeout_s, longest_s)));
  bool timed_out = false;
  while (true) {
    int status = 0;
    rusage used{};
    const pid_t ended = wait4(pid, &status, WNOHANG, &used);
    if (ended < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waiting for the command");
    if (ended == pid) {
      user_s_ = seconds_of(used.ru_utime);
      system_s_ = seconds_of(used.ru_stime);
      // Descendants keep running if the command ended by itself. After a time-out they are killed.
      if (timed_out) end_descendants(earlier);
      return timed_out ? exit_timed_out : exit_code_of(status);
    }

    if (deadline && SteadyClock::now() >= *deadline) {
      const int number = timed_out ? SIGKILL : SIGTERM;
      // Listed first: where no subreaper is known (QEMU's user mode), they are lost when the command ends.
      const auto all = descendants_but(earlier);
      kill(pid, number);  // even where /proc does not list descendants
      signal_all(all, number);
      timed_out = true;
      deadline = SteadyClock::now() + kill_delay;
    }
    // Waits a second at most. A SIGCHLD between waitpid and this point is not lost: it stays pending.
    timespec patience{1, 0};
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*deadline - SteadyClock::now()).count();
      if (left < 1'000'000'000) patience = {0, std::max<long>(left, 0)};
    }
    siginfo_t info{};
    const int number = sigtimedwait(&set, &info, &patience);
    if (number <= 0 || number == SIGCHLD) continue;
    signalled_ = true;
    // A signal from the terminal reaches the child by itself; one that `kill` sends to this process does not, so it is
    // forwarded.
    if (info.si_code <= 0) kill(pid, number);
  }
}

void ChildRunner::reap() const {
  if (!not_ours_) return;
  for (const pid_t process : descendants_but(*not_ours_))
    if (process_info(process).ended) waitpid(process, nullptr, WNOHANG);
}

void ChildRunner::sleep(double seconds) {
  auto set = waited_signals();
  sigdelset(&set, SIGCHLD);
  const auto end =
      SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
  while (true) {
    const auto left =
        std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(end - SteadyClock::now()).count(), 0);
    const timespec patience{left / 1'000'000'000, left % 1'000'000'000};
    if (sigtimedwait(&set, nullptr, &patience) > 0) throw Interrupted("interrupted");
    if (left == 0) return;
  }
}

}  // namespace tbft
