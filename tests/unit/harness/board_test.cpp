#include "harness/host/board.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tbft/power/firmware.h"

#include "tests/support/files.h"
#include "tests/support/temporary_folder.h"

namespace tbft {
namespace {

using test::TemporaryFolder;

class BoardTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) const { test::write_file(root_.path() / path, text); }
  void zone(int number, const std::string& type, const std::string& temp) const {
    const auto base = "sys/class/thermal/thermal_zone" + std::to_string(number);
    write(base + "/type", type + "\n");
    write(base + "/temp", temp + "\n");
  }
  void throttled(const std::string& text) const { write("sys/devices/platform/soc/soc:firmware/get_throttled", text); }

  TemporaryFolder root_;
  Board board_{root_.path()};
};

TEST_F(BoardTest, WhereNothingIsThereEverythingIsUnknown) {
  EXPECT_EQ(board_.name(), "");
  EXPECT_EQ(board_.cpu(), "");
  EXPECT_EQ(board_.governor(), "");
  EXPECT_EQ(board_.temperature_C(), std::nullopt);
  EXPECT_EQ(board_.throttled_bits(), std::nullopt);
  EXPECT_EQ(board_.peak_rss_MiB(), std::nullopt);
  EXPECT_NO_THROW(board_.reset_peak_rss());
}

TEST_F(BoardTest, ItsNameIsTheDeviceTreeModelThenTheProductThenTheCpu) {
  write("proc/cpuinfo", "processor\t: 0\nmodel name\t: ACME 4000 @ 2.0: GHz\n");
  EXPECT_EQ(board_.name(), "ACME 4000 @ 2.0: GHz");
  write("sys/class/dmi/id/product_name", "Server 7\n");
  EXPECT_EQ(board_.name(), "Server 7");
  write("proc/device-tree/model", std::string("Raspberry Pi 4 Model B Rev 1.4\0", 31));
  EXPECT_EQ(board_.name(), "Raspberry Pi 4 Model B Rev 1.4");
}

TEST_F(BoardTest, AnEmptyNameGivesWayToTheNext) {
  write("proc/device-tree/model", std::string(1, '\0'));
  write("sys/class/dmi/id/product_name", " \n");
  write("proc/cpuinfo", "model name : ACME\n");
  EXPECT_EQ(board_.name(), "ACME");
}

TEST_F(BoardTest, TheCpuIsTheModelOfTheBoardWhereTheKernelNamesNoCpu) {
  write("proc/cpuinfo", "processor : 0\nHardware : BCM2835\nModel\t\t: Raspberry Pi 3\n");
  EXPECT_EQ(board_.cpu(), "Raspberry Pi 3");
}

TEST_F(BoardTest, TheGovernorIsThatOfAllCores) {
  write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n");
  EXPECT_EQ(board_.governor(), "performance");
  // Another cluster.
  write("sys/devices/system/cpu/cpu4/cpufreq/scaling_governor", "schedutil\n");
  EXPECT_EQ(board_.governor(), "performance+schedutil");
}

TEST_F(BoardTest, TheTemperatureIsThatOfTheCpusZone) {
  zone(0, "acpitz", "27800");
  EXPECT_EQ(board_.temperature_C(), 27.8);
  zone(3, "cpu-thermal", "51234");
  EXPECT_EQ(board_.temperature_C(), 51.234);
}

TEST_F(BoardTest, OnAPcTheTemperatureIsThatOfThePackage) {
  zone(0, "acpitz", "27800");
  zone(1, "x86_pkg_temp", "-1500");
  EXPECT_EQ(board_.temperature_C(), -1.5);
}

TEST_F(BoardTest, AZoneThatCannotBeReadIsPassedOver) {
  zone(0, "cpu-thermal", "");
  zone(1, "gpu", "n/a");
  EXPECT_EQ(board_.temperature_C(), std::nullopt);
  zone(2, "gpu", "40000");
  zone(4, "battery", "30000");
  EXPECT_EQ(board_.temperature_C(), 40.0);
}

TEST_F(BoardTest, ThrottledBitsAreHexWithOrWithoutPrefix) {
  throttled("50005\n");
  EXPECT_EQ(board_.throttled_bits(), 0x50005U);
  throttled("0x20002\n");
  EXPECT_EQ(board_.throttled_bits(), 0x20002U);
  throttled("0\n");
  EXPECT_EQ(board_.throttled_bits(), 0U);
  throttled("?\n");
  EXPECT_EQ(board_.throttled_bits(), std::nullopt);
}

TEST_F(BoardTest, ThrottledBitsAreFoundWhereverTheDeviceTreePutsTheFirmware) {
  write("sys/devices/platform/soc@107c000000:firmware/get_throttled", "5\n");
  EXPECT_EQ(board_.throttled_bits(), 5U);
  TemporaryFolder other;
  test::write_file(other.path() / "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "20000\n");
  EXPECT_EQ(Board(other.path()).throttled_bits(), 0x20000U);
}

TEST_F(BoardTest, WithoutSuchAFileTheFirmwareIsAsked) {
  std::string asked;
  const Board pi(root_.path(), [&](std::string_view command) {
    asked = command;
    return std::string("throttled=0x50005");
  });
  EXPECT_EQ(pi.throttled_bits(), 0x50005U);
  EXPECT_EQ(asked, "get_throttled");
  const Board silent(root_.path(), [](std::string_view) -> std::string {
    throw power::FirmwareError(power::FirmwareFault::no_permission, "no");
  });
  EXPECT_EQ(silent.throttled_bits(), std::nullopt);
  throttled("1\n");
  EXPECT_EQ(pi.throttled_bits(), 1U) << "a file is read first";
}

TEST_F(BoardTest, PeakMemoryIsReadInMiBAndResetThroughClearRefs) {
  write("proc/self/status", "Name:\ttbft\nVmPeak:\t  999999 kB\nVmHWM:\t    2560 kB\nVmRSS:\t 1024 kB\n");
  EXPECT_EQ(board_.peak_rss_MiB(), 2.5);
  board_.reset_peak_rss();
  std::ostringstream text;
  text << std::ifstream(root_.path() / "proc/self/clear_refs").rdbuf();
  EXPECT_EQ(text.str(), "5");
}

TEST(RealBoard, KnowsItsNameItsKernelAndItsCores) {
  const Board board;
  EXPECT_NE(board.host(), "");
  EXPECT_NE(board.kernel(), "");
  EXPECT_GE(board.cores(), 1);
}

TEST(ThrottledBetween, IsABitNowAtEitherEndOrAStickyBitNewlySet) {
  constexpr std::uint32_t none = 0;
  for (const std::uint32_t bit : {0x1U, 0x2U, 0x4U, 0x8U}) {
    EXPECT_EQ(throttled_between(bit, none), true);
    EXPECT_EQ(throttled_between(none, bit), true);
  }
  for (const std::uint32_t bit : {0x10000U, 0x20000U, 0x40000U, 0x80000U}) {
    EXPECT_EQ(throttled_between(none, bit), true);
    EXPECT_EQ(throttled_between(bit, bit), false);
    EXPECT_EQ(throttled_between(bit, none), false);
  }
  EXPECT_EQ(throttled_between(0x50000U, 0x70000U), true);
  EXPECT_EQ(throttled_between(none, none), false);
  EXPECT_EQ(throttled_between(none, 0x10U), false);  // no bit of ours
}

TEST(ThrottledBetween, IsUnknownWhereAnEndIs) {
  EXPECT_EQ(throttled_between(std::nullopt, 0U), std::nullopt);
  EXPECT_EQ(throttled_between(1U, std::nullopt), std::nullopt);
  EXPECT_EQ(throttled_between(std::nullopt, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace tbft
