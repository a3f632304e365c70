#include "harness/sweep/worker.h"

#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <fcntl.h>
#include <csignal>
#include <stdexcept>

#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> all_lines(Worker& worker) {
  std::vector<std::string> lines;
  while (worker.read(lines)) continue;
  return lines;
}

TEST(Worker, AnswersInLinesAndSeesWhatWasLoadedBefore) {
  const std::string loaded = "loaded";
  Worker worker([&](const Worker::Send& send) {
    send(loaded);
    send("pid " + std::to_string(getpid()));
  });
  const auto pid = worker.pid();
  EXPECT_THAT(all_lines(worker), ElementsAre("loaded", "pid " + std::to_string(pid)));
  EXPECT_EQ(worker.wait(), "");
}

TEST(Worker, ALongLineArrivesWhole) {
  const std::string text(300'000, 'x');
  Worker worker([&](const Worker::Send& send) { send(text); });
  EXPECT_THAT(all_lines(worker), ElementsAre(text));
}

TEST(Worker, AnExceptionIsCodeOne) {
  Worker worker([](const Worker::Send&) { throw std::runtime_error("x"); });
  EXPECT_THAT(all_lines(worker), IsEmpty());
  EXPECT_EQ(worker.wait(), "ended with code 1");
}

TEST(Worker, WhatKillsItIsNamedAndATornLineIsNone) {
  Worker worker([](const Worker::Send& send) {
    send("whole");
    static_cast<void>(!write(3, "torn", 4));
    raise(SIGKILL);
  });
  EXPECT_THAT(all_lines(worker), ElementsAre("whole"));
  EXPECT_THAT(worker.wait(), HasSubstr("signal 9 (Killed)"));
}

TEST(Worker, IsKilledWithItsObject) {
  pid_t pid = 0;
  {
    const Worker worker([](const Worker::Send&) { pause(); });
    pid = worker.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

// A run that is killed and resumed must find its directory free, whatever its workers still do.
TEST(Worker, HoldsNoLockOfItsParent) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / ".lock";
  const int lower = open("/dev/null", O_RDONLY | O_CLOEXEC);  // the child answers on the lowest number
  const int held = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  Worker worker([](const Worker::Send& send) {
    send("here");
    pause();
  });
  std::vector<std::string> lines;
  while (lines.empty()) worker.read(lines);
  close(held);
  close(lower);
  const int again = open(file.c_str(), O_RDWR | O_CLOEXEC);
  EXPECT_EQ(flock(again, LOCK_EX | LOCK_NB), 0);
  close(again);
}

}  // namespace
}  // namespace tbft
