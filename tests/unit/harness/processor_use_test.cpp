#include "harness/host/processor_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>

#include "harness/host/board.h"
#include "harness/host/process_tree.h"
#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using test::TemporaryFolder;
using testing::DoubleNear;
using testing::Optional;

class ProcessorUseTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) const { test::write_file(root_.path() / path, text); }
  // Ticks of two processors: user, idle, steal. Of this process: its own, and of children that ended.
  void ticks(int user0, int idle0, int steal0, int user1, int idle1, int own, int children = 0) const {
    const auto line = [](std::string name, int user, int idle, int steal) {
      return name + " " + std::to_string(user) + " 0 0 " + std::to_string(idle) + " 7 0 0 " + std::to_string(steal) + " 3 0\n";
    };
    write("proc/stat", line("cpu ", user0 + user1, idle0 + idle1, steal0) + line("cpu0", user0, idle0, steal0) +
                           line("cpu1", user1, idle1, 0) + "intr 1 2\n");
    write("proc/self/stat", process("tbft) R 9", own, children));
  }
  // The name may hold anything.
  static std::string process(const std::string& name, int own, int children, const std::string& state = "S") {
    return "12 (" + name + ") " + state + " 1 1 1 0 -1 4194304 100 0 0 0 " + std::to_string(own) + " 0 0 " +
           std::to_string(children) + " 20 0 1 0 5 6 7\n";
  }
  std::optional<ProcessorTimes> at(double wall_s) const {
    auto times = processor_times(root_.path());
    if (times) times->wall_s = wall_s;
    return times;
  }
  TemporaryFolder root_;
};

TEST_F(ProcessorUseTest, OthersAreWhatIsBusyAndNotOurs) {
  ticks(100, 1000, 0, 50, 1050, 20);
  const auto before = at(10);
  ASSERT_TRUE(before);
  // In 10 s: 9 s and 6 s busy, 1 s stolen; 7 s ours, 4 s of them by children that ended.
  ticks(1000, 1000, 100, 650, 1450, 320, 400);
  const auto use = processor_use(before, at(20));
  ASSERT_TRUE(use);
  EXPECT_NEAR(use->busy_pct, 80, 1e-9);
  EXPECT_NEAR(use->busy_processors, 1.6, 1e-9);
  EXPECT_THAT(use->other_pct, Optional(DoubleNear(45, 1e-9)));
}

TEST_F(ProcessorUseTest, DescendantsAreOurs) {
  const std::string self = "proc/" + std::to_string(getpid());
  write(self + "/task/1/children", "71 72 ");
  write("proc/71/stat", process("python3 (train)", 100, 0));
  write("proc/72/stat", process("gone", 50, 0, "Z"));
  ticks(0, 0, 0, 0, 0, 10);
  const auto before = at(0);
  write("proc/71/stat", process("python3 (train)", 600, 100));
  write("proc/72/stat", process("gone", 150, 0, "Z"));
  ticks(800, 200, 0, 0, 1000, 30);
  EXPECT_THAT(processor_use(before, at(10))->other_pct, Optional(DoubleNear(100 * (8 - 0.2 - 6 - 1) / 20, 1e-9)));
  EXPECT_EQ(process_info(71, root_.path() / "proc").name, "python3 (train)");
  EXPECT_FALSE(process_info(71, root_.path() / "proc").ended);
  EXPECT_TRUE(process_info(72, root_.path() / "proc").ended);
  EXPECT_TRUE(process_info(73, root_.path() / "proc").ended) << "never there";
}

TEST_F(ProcessorUseTest, OnTheProcessorsThatWeMayUseOthersCountForMore) {
  ticks(0, 0, 0, 0, 0, 0);
  auto before = at(0);
  ticks(1000, 0, 0, 0, 1000, 500);
  auto after = at(10);
  before->allowed = after->allowed = {true, false};
  EXPECT_THAT(processor_use(before, after)->other_pct, Optional(DoubleNear(50, 1e-9)));
}

TEST_F(ProcessorUseTest, IsUnknownWhereItCannotBeTold) {
  EXPECT_EQ(processor_times(root_.path()), std::nullopt) << "no procfs";
  write("proc/stat", "cpu0 1 2\n");
  EXPECT_EQ(processor_times(root_.path()), std::nullopt);
  ticks(0, 0, 0, 0, 0, 0);
  const auto before = at(0);
  EXPECT_EQ(processor_use(before, std::nullopt), std::nullopt);
  EXPECT_EQ(processor_use(before, before), std::nullopt) << "no time passed";
  const auto brief = processor_use(before, at(0.2));
  ASSERT_TRUE(brief);
  EXPECT_EQ(brief->other_pct, std::nullopt) << "ticks are too coarse";
}

// More ours than busy: ticks are rounded.
TEST_F(ProcessorUseTest, IsNeverNegative) {
  ticks(0, 0, 0, 0, 0, 0);
  const auto before = at(0);
  ticks(100, 0, 0, 100, 0, 201);
  EXPECT_THAT(processor_use(before, at(1))->other_pct, Optional(0.0));
}

TEST_F(ProcessorUseTest, AQuotaOfCgroupV2IsTheLeastOnTheWay) {
  write("proc/self/cgroup", "0::/user.slice/job\n");
  EXPECT_EQ(cpu_quota(root_.path()), std::nullopt);
  write("sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(root_.path()), std::nullopt);
  write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_quota(root_.path()), 1.5);
  write("sys/fs/cgroup/user.slice/job/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpu_quota(root_.path()), 0.5);
}

TEST_F(ProcessorUseTest, AContainerSeesItsQuotaAtTheRoot) {
  write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(cpu_quota(root_.path()), 0.5);
  write("proc/self/cgroup", "0::/docker/1f2e\n");  // the host's path, without a name space of its own
  EXPECT_EQ(cpu_quota(root_.path()), 0.5);
  EXPECT_EQ(Board(root_.path()).cores(), 1) << "half a core is one thread";
}

TEST_F(ProcessorUseTest, AQuotaOfCgroupV1) {
  write("proc/self/cgroup", "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/\n");
  write("sys/fs/cgroup/cpu,cpuacct/docker/1f/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/docker/1f/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cpu_quota(root_.path()), std::nullopt);
  write("sys/fs/cgroup/cpu,cpuacct/docker/1f/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(cpu_quota(root_.path()), 1.0);
  EXPECT_EQ(Board(root_.path()).cores(), 1);
}

TEST(RealProcessors, AreReadOnThisMachine) {
  while (std::clock() < CLOCKS_PER_SEC / 20) {  // the kernel counts in steps of 10 ms
  }
  const auto times = processor_times("/");
  ASSERT_TRUE(times);
  EXPECT_GE(times->busy_s.size(), 1U);
  EXPECT_GT(times->own_s, 0);
}

}  // namespace
}  // namespace tbft
