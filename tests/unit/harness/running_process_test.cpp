#include "harness/host/running_process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "harness/host/usage_error.h"
#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using testing::HasSubstr;

class RunningProcessTest : public testing::Test {
 protected:
  void add(int pid, const std::string& name, const char* state = "S") {
    const auto folder = proc_.path() / std::to_string(pid);
    std::filesystem::create_directories(folder);
    test::write_file(folder / "stat",
                     std::to_string(pid) + " (" + name + ") " + state + " 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 5\n");
  }
  RunningProcess find(const std::string& text) { return find_process("--pid", text, proc_.path()); }
  std::string refusal(const std::string& text) {
    return test::message_of<UsageError>([&] { find(text); });
  }
  test::TemporaryFolder proc_;
};

TEST_F(RunningProcessTest, IsFoundByNumberOrByAnOnlyName) {
  add(41, "server");
  add(42, "a process of lo");
  EXPECT_EQ(find("41").name, "server");
  EXPECT_EQ(find("server").pid, 41);
  EXPECT_EQ(find("a process of long name").pid, 42) << "the kernel keeps 15 bytes";
}

TEST_F(RunningProcessTest, OneThatIsNotThereOrNotTheOnlyOneIsRefused) {
  add(41, "server");
  add(43, "zombie", "Z");
  EXPECT_EQ(refusal("7"), "--pid 7: no such process runs");
  EXPECT_EQ(refusal("43"), "--pid 43: no such process runs");
  EXPECT_EQ(refusal("serv"), "--pid serv: no process of this name runs");
  EXPECT_EQ(refusal("41x"), "--pid 41x: no process of this name runs");
  add(9, "server");
  EXPECT_EQ(refusal("server"), "--pid server: 2 processes have this name; give the number of one: 9, 41");
}

TEST(AwaitEnd, ReturnsWhenTheProcessHasEndedOrTheCheckSaysSo) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  int checks = 0;
  await_end({child, ""}, [&] { return ++checks < 3; });
  EXPECT_EQ(checks, 3);
  EXPECT_EQ(kill(child, 0), 0) << "it is left alone";
  await_end({child, ""}, [&] {
    kill(child, SIGKILL);
    return true;
  });
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), child) << "it returned after the end";
}

}  // namespace
}  // namespace tbft
