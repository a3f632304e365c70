#include "power/meters/nvml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace tbft::power {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr TimeNs ms = 1'000'000;

class NvmlTest : public ::testing::Test {
 protected:
  NvmlTest() {
    roots.nvml = FAKE_NVML_LIBRARY;
    gpu("");
  }
  static void gpu(const std::string& settings) { ::setenv("FAKE_NVML", settings.c_str(), 1); }
  std::unique_ptr<Meter> open(const std::string& uri) const {
    auto meter = open_nvml(parse_meter_uri(uri), 0, roots);
    meter->start(0);
    return meter;
  }
  template <typename Error>
  std::string error_of(const std::string& uri) const {
    try {
      open(uri);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  Roots roots;
};

TEST_F(NvmlTest, the_energy_counter_is_in_millijoules_from_the_start) {
  gpu("energy=5000000000123");
  const auto meter = open("nvml://0");
  EXPECT_TRUE(meter->info().counter);
  EXPECT_EQ(meter->info().scope, Scope::package);
  EXPECT_THAT(meter->info().description, HasSubstr("Fake GPU"));
  EXPECT_DOUBLE_EQ(meter->poll(100 * ms)->energy_J, 0);
  gpu("energy=5000000002623");
  EXPECT_DOUBLE_EQ(meter->poll(200 * ms)->energy_J, 2.5);
  EXPECT_EQ(meter->poll(250 * ms)->flags, repeated);
}

TEST_F(NvmlTest, a_gpu_without_a_counter_gives_its_power) {
  gpu("energy_code=3 power=71500");
  const auto meter = open("nvml://");
  EXPECT_FALSE(meter->info().counter);
  EXPECT_DOUBLE_EQ(meter->poll(100 * ms)->power_W, 71.5);
}

TEST_F(NvmlTest, a_failed_read_is_a_gap) {
  gpu("energy=1000");
  const auto meter = open("nvml://GPU-1234");
  meter->poll(100 * ms);
  gpu("energy=0 energy_code=15");
  const auto gap = meter->poll(200 * ms);
  EXPECT_EQ(gap->flags, gap_begins);
  EXPECT_TRUE(std::isnan(gap->energy_J));
}

TEST_F(NvmlTest, what_is_missing_is_said_with_the_fix) {
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://3"), HasSubstr("GPU 3"));
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://GPU-99"), HasSubstr("GPU-99"));
  EXPECT_THAT(error_of<BadMeterUri>("nvml://first"), HasSubstr("nvidia-smi -L"));
  gpu("energy_code=3 power_code=3");
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://0"), HasSubstr("neither energy nor power"));
  gpu("init=9");
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://0"), AllOf(HasSubstr("Driver Not Loaded"), HasSubstr("modprobe")));
  EXPECT_EQ(find_nvml(roots).at(0).state, MeterState::unusable);
  roots.nvml = "/nowhere/libnvidia-ml.so.1";
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://0"), HasSubstr("install"));
  EXPECT_TRUE(find_nvml(roots).empty());
  roots.nvml = "libm.so.6";
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://0"), HasSubstr("not NVML"));
}

TEST_F(NvmlTest, every_gpu_is_found) {
  gpu("count=2");
  const auto found = find_nvml(roots);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].uri, "nvml://1");
  EXPECT_EQ(found[1].state, MeterState::ready);
}

}  // namespace
}  // namespace tbft::power
