#include "harness/host/child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <thread>

#include "harness/host/interrupted.h"
#include "harness/host/process_tree.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using test::TemporaryFolder;
using test::write_file;
using Command = std::vector<std::string>;

int run(const Command& command, std::optional<double> timeout_s = std::nullopt) {
  ChildRunner child;
  return child.run(command, timeout_s);
}

Command shell(const std::string& script) {
  return {"sh", "-c", script};
}

TEST(Child, ItsExitCodeIsTheResult) {
  EXPECT_EQ(run({"true"}), 0);
  EXPECT_EQ(run(shell("exit 7")), 7);
  EXPECT_EQ(run(shell("exit 255")), 255);
}

TEST(Child, ItsArgumentsAreItsOwn) {
  EXPECT_EQ(run({"test", "a  b*", "=", "a  b*"}), 0);
  EXPECT_EQ(run({"test", "", "=", "x"}), 1);
}

TEST(Child, ItsStreamsAreNothingWhereThatIsAsked) {
  const auto run_with = [](const ChildStreams& streams, const std::string& stream) {
    return ChildRunner().run(shell("test /dev/" + stream + " -ef /dev/null"), std::nullopt, streams);
  };
  EXPECT_EQ(run_with({.no_input = true}, "stdin"), 0);
  EXPECT_EQ(run_with({.no_output = true}, "stdout"), 0);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const int stdout_before = dup(STDOUT_FILENO);
  dup2(ends[1], STDOUT_FILENO);
  EXPECT_EQ(run_with({.no_input = true}, "stdout"), 1) << "its output is still ours";
  dup2(stdout_before, STDOUT_FILENO);
  for (const int fd : {ends[0], ends[1], stdout_before}) close(fd);
}

TEST(Child, ItsProcessorTimeIsKnown) {
  ChildRunner child;
  child.run(shell("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"), std::nullopt);
  const double busy_s = child.user_s() + child.system_s();
  EXPECT_GT(busy_s, 0.005);
  child.run({"true"}, std::nullopt);
  EXPECT_LT(child.user_s() + child.system_s(), busy_s) << "of the last command alone";
}

TEST(Child, OneThatCannotStartHasNoProcessorTime) {
  ChildRunner child;
  child.run(shell("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"), std::nullopt);
  EXPECT_TRUE(child.started());
  ASSERT_GT(child.user_s() + child.system_s(), 0);
  EXPECT_EQ(child.run({"/nowhere/command"}, std::nullopt), exit_not_found);
  EXPECT_FALSE(child.started());
  EXPECT_EQ(child.user_s() + child.system_s(), 0) << "not that of the command before";
  EXPECT_EQ(child.run(shell("exit 127"), std::nullopt), exit_not_found);
  EXPECT_TRUE(child.started());
}

TEST(Child, ASignalGives128PlusItsNumber) {
  EXPECT_EQ(run(shell("kill -KILL $$")), 128 + SIGKILL);
  EXPECT_EQ(run(shell("kill -SEGV $$")), 128 + SIGSEGV);
}

TEST(Child, AnUnknownCommandGives127) {
  EXPECT_EQ(run({"tbft-no-such-command"}), exit_not_found);
  EXPECT_EQ(run({"/nowhere/command"}), exit_not_found);
  EXPECT_EQ(run({""}), exit_not_found);
}

TEST(Child, WhatIsMissingIsNamed) {
  const TemporaryFolder folder;
  const auto script = [&](const std::string& first_line) {
    const auto path = folder.path() / "script";
    write_file(path, first_line);
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    EXPECT_EQ(run({path.string()}), exit_not_found);
    return missing_of(path.string());
  };
  EXPECT_EQ(missing_of("no-such-command-anywhere"), "command not found");
  EXPECT_EQ(missing_of("/nowhere/command"), "command not found");
  EXPECT_EQ(script("#! /opt/venv/bin/python3 -u\nprint()\n"), "its interpreter /opt/venv/bin/python3 is missing");
  EXPECT_THAT(script("#!/bin/sh\r\nexit 0\r\n"), testing::HasSubstr("save it with Unix line ends"));
}

TEST(Child, WhatCannotBeExecutedGives126) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "data";
  write_file(file, "text");
  EXPECT_EQ(run({file.string()}), exit_not_executable);
  EXPECT_EQ(run({folder.path().string()}), exit_not_executable);
}

TEST(Child, ATimeOutEndsIt) {
  EXPECT_EQ(run({"sleep", "10"}, 0.01), exit_timed_out);
}

TEST(Child, ATimeOutIsThatEvenWhereItEndsWellOnTheSignal) {
  EXPECT_EQ(run(shell("trap 'exit 0' TERM; while :; do sleep 0.01; done"), 0.2), exit_timed_out);
}

TEST(Child, OneThatIgnoresTheTimeOutsSignalIsKilled) {
  const TemporaryFolder folder;
  const auto ended_by_itself = folder.path() / "ended";
  EXPECT_EQ(
      run({"sh", "-c", "trap '' TERM; for i in $(seq 500); do sleep 0.01; done; echo >$0", ended_by_itself.string()}, 0.2),
      exit_timed_out);
  EXPECT_FALSE(std::filesystem::exists(ended_by_itself));
}

// A process of its own group with a child, as a meter's program is.
class Helper {
 public:
  Helper() : pid_(fork()) {
    if (pid_ != 0) return;
    setpgid(0, 0);
    execl("/bin/sh", "sh", "-c", "while :; do sleep 0.05; done", nullptr);
    _exit(127);
  }
  ~Helper() {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;
  bool runs() const { return !process_info(pid_).ended; }
  pid_t pid() const { return pid_; }
  // Waits until it has its own group.
  void await() const {
    while (process_info(pid_).group != pid_) usleep(1000);
  }

 private:
  pid_t pid_;
};

TEST(Child, ATimeOutSparesWhatRanBefore) {
  const Helper helper;
  helper.await();
  const TemporaryFolder folder;
  const auto pid = folder.path() / "pid";
  EXPECT_EQ(run({"sh", "-c", "sleep 100 & echo $! >$0; sleep 100", pid.string()}, 0.5), exit_timed_out);
  EXPECT_TRUE(helper.runs());
  pid_t started = 0;
  std::ifstream(pid) >> started;
  ASSERT_GT(started, 0);
  // Where the kernel knows no subreaper (QEMU's user mode), it had the signal, but nobody has waited for its end.
  for (int i = 0; i < 10000 && !process_info(started).ended; ++i) usleep(1000);
  EXPECT_TRUE(process_info(started).ended) << "what the command started is ended";
}

TEST(ProcessTree, WhatAnEarlierProcessStartsIsNotTheCommands) {
  auto earlier = descendants(getpid());  // of other tests
  const Helper helper;
  helper.await();
  earlier.push_back(helper.pid());
  const auto is_there = [](const std::vector<pid_t>& all, pid_t process) {
    return std::ranges::find(all, process) != all.end();
  };
  for (int i = 0; i < 200; ++i) {  // the helper starts one process after the other
    EXPECT_TRUE(descendants_but(earlier).empty());
    usleep(1000);
  }
  const Helper other;
  other.await();
  EXPECT_TRUE(is_there(descendants_but(earlier), other.pid()));
  EXPECT_FALSE(is_there(descendants_but(earlier), helper.pid()));
  EXPECT_TRUE(is_there(descendants_but({}), helper.pid()));
}

TEST(Child, WhatItLeftBehindIsReapedOnceItHasEnded) {
  ChildRunner child;
  const auto before = descendants(getpid());
  EXPECT_EQ(child.run(shell("sleep 0.05 & sleep 0.05 &"), std::nullopt), 0);
  for (int i = 0; i < 500 && descendants(getpid()) != before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    child.reap();
  }
  EXPECT_EQ(descendants(getpid()), before);
}

TEST(Child, ATimeOutLongerThanTheClockCountsIsNone) {
  EXPECT_EQ(run(shell("exit 7"), 1e18), 7);
  EXPECT_EQ(run(shell("exit 7"), std::numeric_limits<double>::infinity()), 7);
}

TEST(Child, ASignalSentToUsReachesIt) {
  // The child says through a pipe that it is there.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    const auto before = signal(number, SIG_DFL);  // a shell starts what it puts in the background with SIGINT ignored
    ChildRunner child;
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    std::thread sender([&] {
      char byte = 0;
      EXPECT_EQ(read(ends[0], &byte, 1), 1);
      kill(getpid(), number);
    });
    const int inherited = dup(ends[1]);
    const auto script = "echo >&" + std::to_string(inherited) + "; exec sleep 10";
    EXPECT_EQ(child.run(shell(script), std::nullopt), 128 + number);
    sender.join();
    for (const int fd : {ends[0], ends[1], inherited}) close(fd);
    signal(number, before);
  }
}

TEST(Child, HasTheSignalMaskThatWeWereStartedWith) {
  // The shell would keep a blocked SIGTERM pending, and go on.
  EXPECT_EQ(run(shell("kill -TERM $$; exit 0")), 128 + SIGTERM);
}

TEST(Child, ItsExitCodeIsKnownWhereWeWereStartedWithSigchldIgnored) {
  const auto before = signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(run(shell("exit 7")), 7);
  EXPECT_EQ(signal(SIGCHLD, before), SIG_IGN);
}

TEST(Child, TheMaskIsAsBeforeWhenTheRunnerIsGone) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  run({"true"});
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < NSIG; ++number) EXPECT_EQ(sigismember(&before, number), sigismember(&after, number)) << number;
}

TEST(StopOnSignalTest, TheFirstSignalSetsTheFlag) {
  for (const int number : {SIGINT, SIGTERM}) {
    const StopOnSignal stop;
    EXPECT_FALSE(stop.flag());
    raise(number);
    EXPECT_TRUE(stop.flag());
  }
}

TEST(StopOnSignalTest, AHangupIsATerminationUnlessItIsIgnored) {
  {
    const StopOnSignal stop;
    raise(SIGHUP);
    EXPECT_TRUE(stop.flag());
  }
  signal(SIGHUP, SIG_IGN);  // as nohup does
  {
    const StopOnSignal stop;
    raise(SIGHUP);
    EXPECT_FALSE(stop.flag());
  }
  EXPECT_EQ(signal(SIGHUP, SIG_DFL), SIG_IGN);
}

TEST(StopOnSignalDeathTest, TheSecondSignalEndsTheProcess) {
  const auto twice = [] {
    const StopOnSignal stop;
    raise(SIGTERM);
    raise(SIGTERM);
  };
  EXPECT_EXIT(twice(), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace tbft
