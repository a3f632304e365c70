#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace tbft::power {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeNs second = 1'000'000'000;

class EstimateTest : public ::testing::Test {
 protected:
  EstimateTest() { std::filesystem::create_directories(dir / "proc"); }
  // Two cores; `user` and `iowait` in ticks of 10 ms.
  void stat(int user, int iowait = 0) const {
    std::ofstream(dir / "proc/stat") << "cpu  " << user << " 0 0 1000 " << iowait << " 0 0 0 7 0\ncpu0 0 0\ncpu1 0 0\nintr 5\n";
  }
  std::unique_ptr<Meter> open(std::string_view uri) const { return open_estimate(parse_meter_uri(uri), 0, dir.path()); }
  TemporaryFolder dir;
};

TEST_F(EstimateTest, PowerFollowsTheBusyShareOfAllCores) {
  stat(100);
  const auto meter = open("estimate://?idle_W=2&busy_W=6");
  meter->start(0);
  EXPECT_FALSE(meter->poll(10 * second)) << "nothing to compare with yet";
  stat(200, 50);  // 1 s of processor time in 1 s on 2 cores: half busy; waiting for a disk is idle
  const auto half = meter->poll(11 * second);
  ASSERT_TRUE(half);
  EXPECT_NEAR(half->power_W, 4, 1e-12);
  EXPECT_EQ(half->t_ns, 10 * second + second / 2) << "the centre of what was averaged";
  EXPECT_FALSE(meter->poll(11 * second)) << "no second reading of the same instant";
  stat(200, 150);
  EXPECT_NEAR(meter->poll(12 * second)->power_W, 2, 1e-12);
  stat(600);
  EXPECT_NEAR(meter->poll(13 * second)->power_W, 6, 1e-12) << "never above busy_W";
}

TEST_F(EstimateTest, AFailedReadIsAGap) {
  stat(100);
  const auto meter = open("estimate://");
  meter->start(0);
  meter->poll(second);
  std::ofstream(dir / "proc/stat") << "";
  const auto failed = meter->poll(2 * second);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->flags, gap_begins);
  EXPECT_TRUE(std::isnan(failed->power_W));
  EXPECT_FALSE(meter->poll(2 * second));
}

TEST_F(EstimateTest, ItIsNoMeasurementAndDefaultWattsAreSaidToBeAssumed) {
  stat(1);
  EXPECT_FALSE(open("estimate://")->info().measured);
  EXPECT_THAT(open("estimate://")->info().description, HasSubstr("(assumed)"));
  EXPECT_THAT(open("estimate://?idle_W=2&busy_W=3")->info().description, Not(HasSubstr("assumed")));
}

TEST_F(EstimateTest, BadOptionsAndAMissingProcAreClearErrors) {
  EXPECT_THROW(open("estimate://"), MeterUnavailable);
  std::ofstream(dir / "proc/stat") << "nothing here\n";
  EXPECT_THROW(open("estimate://"), MeterUnavailable);
  stat(1);
  EXPECT_THROW(open("estimate://?idle_W=x"), BadMeterUri);
  EXPECT_THROW(open("estimate://?idle_W=9"), BadMeterUri);
  EXPECT_THROW(open("estimate://cpu0"), BadMeterUri);
}

}  // namespace
}  // namespace tbft::power
