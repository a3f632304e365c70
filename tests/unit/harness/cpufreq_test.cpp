#include "harness/host/cpufreq.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two policies as on a board with slow and fast processors. A file takes every value, as no kernel does.
class CpufreqTest : public testing::Test {
 protected:
  CpufreqTest() {
    write("proc/sys/kernel/random/boot_id", "0d1c\n");
    policy("policy0", "1800000", "600000 1200000 1800000");
    policy("policy4", "2400000", "600000 1200000 1800000 2400000");
    fs::create_directory(record_);
  }
  static std::string path(const std::string& policy, const std::string& file) {
    return "sys/devices/system/cpu/cpufreq/" + policy + "/" + file;
  }
  void write(const std::string& name, std::string_view text) const { test::write_file(root_ / name, text); }
  void policy(const std::string& name, std::string_view highest, std::string_view steps) const {
    write(path(name, "cpuinfo_min_freq"), "600000\n");
    write(path(name, "cpuinfo_max_freq"), highest);
    write(path(name, "scaling_available_governors"), "performance powersave schedutil \n");
    write(path(name, "scaling_available_frequencies"), steps);
    write(path(name, "scaling_governor"), "schedutil\n");
    write(path(name, "scaling_min_freq"), "1200000\n");
    write(path(name, "scaling_max_freq"), highest);
  }
  std::vector<std::string> governors() const {
    std::vector<std::string> all;
    for (const auto& p : frequency_policies(root_)) all.push_back(p.governor);
    return all;
  }
  std::vector<std::int64_t> highest() const {
    std::vector<std::int64_t> all;
    for (const auto& p : frequency_policies(root_)) all.push_back(p.max_kHz);
    return all;
  }
  // As in another program, which then gets a signal that nothing can catch.
  void apply_and_be_killed(const FrequencyWish& wish) const {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FrequencyKeeper keeper(root_, record_);
      keeper.apply(wish);
      raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_.path() / "root", record_ = folder_.path() / "run";
};

TEST_F(CpufreqTest, AGovernorHoldsForAsLongAsTheKeeperLives) {
  {
    FrequencyKeeper keeper(root_, record_);
    keeper.apply({.governor = "powersave"});
    EXPECT_THAT(governors(), ElementsAre("powersave", "powersave"));
    EXPECT_THAT(highest(), ElementsAre(1800000, 2400000)) << "what was not asked for stays";
    keeper.apply({.governor = "performance"});
    EXPECT_THAT(governors(), ElementsAre("performance", "performance"));
  }
  EXPECT_THAT(governors(), ElementsAre("schedutil", "schedutil"));
  EXPECT_FALSE(fs::exists(record_ / "tbft-cpufreq.json")) << "nothing is left to put back";
}

TEST_F(CpufreqTest, AHighestFrequencyBelowTheLowestTakesItAlong) {
  const auto before = frequency_policies(root_);
  FrequencyKeeper keeper(root_, record_);
  keeper.apply({.max_kHz = 600000});
  EXPECT_THAT(highest(), ElementsAre(600000, 600000));
  EXPECT_EQ(frequency_policies(root_).front().min_kHz, 600000);
  keeper.apply({});
  EXPECT_EQ(frequency_policies(root_), before);
}

TEST_F(CpufreqTest, SlowerProcessorsKeepTheirOwnHighest) {
  FrequencyKeeper keeper(root_, record_);
  keeper.apply({.max_kHz = 2400000});
  EXPECT_THAT(highest(), ElementsAre(1800000, 2400000));
}

TEST_F(CpufreqTest, AKilledProgramSChangeIsToldAndPutBackByTheNext) {
  apply_and_be_killed({.governor = "powersave", .max_kHz = 1200000});
  EXPECT_THAT(governors(), ElementsAre("powersave", "powersave"));
  const auto commands = abandoned_frequencies(root_, record_);
  EXPECT_THAT(commands, testing::SizeIs(4));
  EXPECT_THAT(commands,
              testing::Contains("echo schedutil | sudo tee /sys/devices/system/cpu/cpufreq/policy4/scaling_governor"));
  EXPECT_THAT(commands, testing::Contains("echo 2400000 | sudo tee /sys/devices/system/cpu/cpufreq/policy4/scaling_max_freq"));
  {
    const FrequencyKeeper keeper(root_, record_);
    EXPECT_THAT(keeper.restored(),
                ElementsAre("policy0: schedutil, 1200000 to 1800000 kHz", "policy4: schedutil, 1200000 to 2400000 kHz"));
    EXPECT_THAT(governors(), ElementsAre("schedutil", "schedutil"));
    EXPECT_THAT(highest(), ElementsAre(1800000, 2400000));
  }
  EXPECT_THAT(abandoned_frequencies(root_, record_), IsEmpty());
}

TEST_F(CpufreqTest, WhatSomeoneElseHasSetSinceStays) {
  apply_and_be_killed({.governor = "powersave"});
  write(path("policy0", "scaling_governor"), "performance\n");
  const FrequencyKeeper keeper(root_, record_);
  EXPECT_THAT(governors(), ElementsAre("performance", "schedutil"));
}

TEST_F(CpufreqTest, ARecordOfAnEarlierBootIsNotFollowed) {
  apply_and_be_killed({.governor = "powersave"});
  write("proc/sys/kernel/random/boot_id", "beef\n");
  EXPECT_THAT(abandoned_frequencies(root_, record_), IsEmpty());
  const FrequencyKeeper keeper(root_, record_);
  EXPECT_THAT(governors(), ElementsAre("powersave", "powersave")) << "the system itself began with it";
}

TEST_F(CpufreqTest, TwoProgramsDoNotSetTheFrequenciesAtOnce) {
  FrequencyKeeper keeper(root_, record_);
  keeper.apply({.governor = "powersave"});
  EXPECT_THAT(message_of<CpufreqError>([&] { FrequencyKeeper(root_, record_); }), HasSubstr("another tbft"));
  EXPECT_THAT(governors(), ElementsAre("powersave", "powersave"));
  EXPECT_THAT(abandoned_frequencies(root_, record_), IsEmpty()) << "its owner lives";
}

TEST_F(CpufreqTest, WhatTheMachineDoesNotHaveIsRefusedWithWhatItHas) {
  EXPECT_EQ(refusal(root_, {.governor = "turbo"}), "policy0 has no governor turbo; it has performance, powersave, schedutil");
  EXPECT_EQ(refusal(root_, {.max_kHz = 1500000}), "policy0 does not run at 1500000 kHz; it has 600000, 1200000, 1800000 kHz");
  EXPECT_EQ(refusal(root_, {.max_kHz = 500000}), "policy0 runs at 600000 to 1800000 kHz, never at 500000");
  EXPECT_EQ(refusal(root_, {.max_kHz = 9000000}), "no processor runs at 9000000 kHz; the highest is 2400000");
  EXPECT_THAT(refusal(folder_.path(), {.governor = "powersave"}), HasSubstr("does not expose"));
  EXPECT_EQ(refusal(root_, {.governor = "powersave", .max_kHz = 1200000}), "");
  FrequencyKeeper keeper(root_, record_);
  EXPECT_THROW(keeper.apply({.governor = "turbo"}), CpufreqError);
  EXPECT_THAT(governors(), ElementsAre("schedutil", "schedutil"));
}

TEST_F(CpufreqTest, AFailureInTheMiddlePutsBackWhatWasChanged) {
  // A file that nobody may write, root neither: the kernel's own name.
  fs::remove(root_ / path("policy4", "scaling_governor"));
  fs::create_symlink("/proc/sys/kernel/ostype", root_ / path("policy4", "scaling_governor"));
  FrequencyKeeper keeper(root_, record_);
  EXPECT_THAT(message_of<CpufreqError>([&] { keeper.apply({.governor = "powersave"}); }),
              testing::AllOf(HasSubstr("policy4/scaling_governor"), HasSubstr("powersave")));
  EXPECT_THAT(governors(), ElementsAre("schedutil", "Linux"));
}

TEST_F(CpufreqTest, ARecordThatIsNoneIsNamed) {
  for (const char* text :
       {"", "[]", R"({"boot_id": "0d1c"})", R"({"boot_id": "0d1c", "policies": {"policy0": {"before": 1}}})"}) {
    test::write_file(record_ / "tbft-cpufreq.json", text);
    EXPECT_THAT(message_of<CpufreqError>([&] { FrequencyKeeper(root_, record_); }), HasSubstr("tbft-cpufreq.json")) << text;
  }
  // A name that leads elsewhere is no policy.
  test::write_file(
      record_ / "tbft-cpufreq.json",
      R"({"boot_id": "0d1c", "policies": {"../policy0": {"before": {"governor": "performance", "min_kHz": 1, "max_kHz": 2},
                       "set": {"governor": "schedutil", "min_kHz": 1200000, "max_kHz": 1800000}}}})");
  const FrequencyKeeper keeper(root_, record_);
  EXPECT_THAT(governors(), ElementsAre("schedutil", "schedutil"));
}

TEST_F(CpufreqTest, TheFrequencyNowIsTheMeanOfThePolicies) {
  EXPECT_EQ(current_kHz(root_), std::nullopt);
  write(path("policy0", "scaling_cur_freq"), "1000000\n");
  write(path("policy4", "scaling_cur_freq"), "2000000\n");
  EXPECT_EQ(current_kHz(root_), 1500000);
}

}  // namespace
}  // namespace tbft
