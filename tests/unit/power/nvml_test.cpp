#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tbft/power/energy.h"

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

TEST_F(NvmlTest, TheEnergyCounterIsInMillijoulesFromTheStart) {
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

TEST_F(NvmlTest, AGpuWithoutACounterGivesItsPower) {
  gpu("energy_code=3 power=71500");
  const auto meter = open("nvml://");
  EXPECT_FALSE(meter->info().counter);
  EXPECT_DOUBLE_EQ(meter->poll(100 * ms)->power_W, 71.5);
}

// NVML's documentation: from Ampere on, except GA100, power is a mean over 1 s. A100 and H100 see a quarter of the time.
TEST_F(NvmlTest, WhatAPowerReadingAveragesOverIsStated) {
  const struct {
    const char* gpu;
    double averaging_s, share;
  } cases[] = {{"cc=75 ", 0, 1}, {"cc=80 ", 0.025, 1}, {"cc=86 ", 1, 1}, {"cc=90 ", 1, 0.25}, {"cc=120 ", 1, 1}, {"", 1, 1}};
  for (const auto& c : cases) {
    gpu(std::string(c.gpu) + "energy_code=3 power=71500");
    const auto meter = open("nvml://0");
    EXPECT_DOUBLE_EQ(meter->info().averaging_s, c.averaging_s) << c.gpu;
    EXPECT_DOUBLE_EQ(meter->info().current_share, c.share) << c.gpu;
    EXPECT_EQ(meter->info().description.find("mean over 1 s") != std::string::npos, c.averaging_s == 1) << c.gpu;
    // The middle of the mean, and half of what is not known of its age.
    const TimeNs age = from_seconds(c.averaging_s / 2 + meter->info().latency_s / 2);
    EXPECT_EQ(meter->poll(5000 * ms)->t_ns, 5000 * ms - age) << c.gpu;
  }
}

TEST_F(NvmlTest, WhatItDoesNotSeeIsInTheUncertainty) {
  const auto U_of = [&](const std::string& card) {
    gpu(card + "power=100000 energy_code=3");
    const auto meter = open("nvml://0");
    std::vector<Reading> readings;
    for (int i = 1; i <= 100; ++i) {
      gpu(card + (i / 2 % 2 == 0 ? "power=100000 energy_code=3" : "power=300000 energy_code=3"));
      readings.push_back(*meter->poll(i * 100 * ms));
    }
    const Energy e = energy(readings, {.name = "w", .t0_ns = 2000 * ms, .t1_ns = 8000 * ms}, meter->info());
    EXPECT_TRUE(e.valid) << e.reason;
    return e.U_random_J;
  };
  const double momentary = U_of("cc=75 ");
  EXPECT_GT(U_of("cc=86 "), momentary) << "the edges are blurred by a second";
  EXPECT_GT(U_of("cc=90 "), 1.01 * U_of("cc=86 "));
}

TEST_F(NvmlTest, ACounterThatSumsUpSamplesIsLessCertainUnderAChangingLoad) {
  const auto U_of = [&](const std::string& card) {
    gpu(card + "energy=0");
    const auto meter = open("nvml://0");
    std::vector<Reading> readings;
    long mJ = 0;
    for (int i = 1; i <= 100; ++i) {
      mJ += i / 5 % 2 == 0 ? 10000 : 30000;
      gpu(card + "energy=" + std::to_string(mJ));
      readings.push_back(*meter->poll(i * 100 * ms));
    }
    return energy(readings, {.name = "w", .t0_ns = 2000 * ms, .t1_ns = 8000 * ms}, meter->info()).U_random_J;
  };
  EXPECT_GT(U_of("cc=90 "), 1.1 * U_of("cc=86 "));
}

TEST_F(NvmlTest, AnInstanceOfACardIsReadAsItsWholeCard) {
  gpu("energy=1000");
  for (const std::string uuid : {"MIG-5678", "MIG-5678-a/1/0"}) {
    const auto meter = open("nvml://" + uuid);
    gpu("energy=3000");
    EXPECT_DOUBLE_EQ(meter->poll(100 * ms)->energy_J, 2);
    EXPECT_THAT(meter->info().description, HasSubstr("with all its instances"));
    gpu("energy=1000");
  }
  EXPECT_THAT(error_of<MeterUnavailable>("nvml://MIG-0"), HasSubstr("MIG-0"));
}

TEST_F(NvmlTest, WhatNoCardDrawsIsAFailedRead) {
  gpu("energy_code=3 power=71500 limit=350000");
  const auto power = open("nvml://0");
  EXPECT_DOUBLE_EQ(power->poll(100 * ms)->power_W, 71.5);
  for (const char* text : {"1100000", "4294967295"}) {
    gpu(std::string("energy_code=3 limit=350000 power=") + text);
    EXPECT_EQ(power->poll(200 * ms)->flags, gap_begins);
    power->start(0);
  }
  gpu("energy=0 limit=350000");
  const auto counter = open("nvml://0");
  counter->poll(100 * ms);
  gpu("energy=5000000 limit=350000");  // 5 kJ in 0.1 s
  EXPECT_EQ(counter->poll(200 * ms)->flags, gap_begins);
  gpu("energy=10000 limit=350000");
  EXPECT_DOUBLE_EQ(counter->poll(300 * ms)->energy_J, 10) << "one damaged read";
  gpu("energy=5 limit=350000");
  EXPECT_EQ(counter->poll(400 * ms)->flags, gap_begins);
  gpu("energy=15 limit=350000");
  const auto anew = counter->poll(500 * ms);
  EXPECT_EQ(anew->flags, reinitialised) << "the driver was loaded anew";
  EXPECT_DOUBLE_EQ(anew->energy_J, 10);
}

TEST_F(NvmlTest, AFailedReadIsAGap) {
  gpu("energy=1000");
  const auto meter = open("nvml://GPU-1234");
  meter->poll(100 * ms);
  gpu("energy=0 energy_code=15");
  const auto gap = meter->poll(200 * ms);
  EXPECT_EQ(gap->flags, gap_begins);
  EXPECT_TRUE(std::isnan(gap->energy_J));
}

TEST_F(NvmlTest, WhatIsMissingIsSaidWithTheFix) {
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

TEST_F(NvmlTest, EveryGpuIsFound) {
  gpu("count=2");
  const auto found = find_nvml(roots);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].uri, "nvml://1");
  EXPECT_EQ(found[1].state, MeterState::ready);
}

}  // namespace
}  // namespace tbft::power
