#include "power/meters/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "power/protocol/pmic_adc.h"
#include "tbft/power/firmware.h"
#include "tests/support/fake_tree.h"

namespace tbft::power {
namespace {

using ::testing::AllOf;
using testing::FakeTree;
using ::testing::HasSubstr;

constexpr TimeNs ms = 1'000'000;

// The form of the firmware's answer; the numbers are made up.
constexpr std::string_view answer = R"( 3V7_WL_SW_A current(0)=0.10000000A
   3V3_SYS_A current(1)=0.10000000A
   1V8_SYS_A current(2)=0.15000000A
  DDR_VDD2_A current(3)=0.02000000A
  DDR_VDDQ_A current(4)=0.00000000A
   1V1_SYS_A current(5)=0.20000000A
    0V8_SW_A current(6)=0.30000000A
  VDD_CORE_A current(7)=1.00000000A
   3V3_DAC_A current(17)=0.00000000A
   3V3_ADC_A current(18)=0.00000000A
   0V8_AON_A current(16)=0.00500000A
      HDMI_A current(22)=0.02000000A
 3V7_WL_SW_V volt(8)=3.70000000V
   3V3_SYS_V volt(9)=3.30000000V
   1V8_SYS_V volt(10)=1.80000000V
  DDR_VDD2_V volt(11)=1.10000000V
  DDR_VDDQ_V volt(12)=0.60000000V
   1V1_SYS_V volt(13)=1.10000000V
    0V8_SW_V volt(14)=0.80000000V
  VDD_CORE_V volt(15)=0.90000000V
   3V3_DAC_V volt(20)=3.30000000V
   3V3_ADC_V volt(21)=3.30000000V
   0V8_AON_V volt(19)=0.80000000V
      HDMI_V volt(23)=5.00000000V
     EXT5V_V volt(24)=5.10000000V
      BATT_V volt(25)=0.00000000V
)";
constexpr double total_W = 0.37 + 0.33 + 0.27 + 0.022 + 0 + 0.22 + 0.24 + 0.9 + 0 + 0 + 0.004 + 0.1;

TEST(PmicAdc, RailsArePairedByNameAndSummed) {
  const PmicAdc adc = parse_pmic_adc(answer);
  EXPECT_EQ(adc.rails, 12U);
  EXPECT_NEAR(adc.power_W, total_W, 1e-12);
  EXPECT_DOUBLE_EQ(adc.input_V, 5.1);
  EXPECT_EQ(adc.unpaired_A, 0U);
}

TEST(PmicAdc, NeitherTheOrderNorTheIndexMatters) {
  const PmicAdc adc = parse_pmic_adc("B_V volt(1)=2.0V\nA_A current(1)=3.0A\nA_V volt(2)=5.0V\nB_A current(2)=7.0A\n");
  EXPECT_DOUBLE_EQ(adc.power_W, 3 * 5 + 7 * 2);
}

TEST(PmicAdc, ARailThatLacksItsOtherHalfAddsNothing) {
  const PmicAdc adc = parse_pmic_adc("A_A current(1)=3.0A\nA_V volt(2)=5.0V\nC_A current(2)=7.0A\nEXT5V_V volt(24)=5.0V");
  EXPECT_DOUBLE_EQ(adc.power_W, 15);
  EXPECT_EQ(adc.rails, 1U);
  EXPECT_EQ(adc.unpaired_A, 1U);
}

TEST(PmicAdc, TextWithoutRailsIsUnknownAndNotZero) {
  for (const std::string_view text :
       {"", "\n\n", "error=1 error_msg=\"Command not registered\"", "A_A current(1)=nanA\nA_V volt(1)=5V", "A_V volt(2)=5.0V",
        "A_A current(1)=1.0\nA_V volt(1)=5.0V", "A_A current(1)=\nA_V volt(1)=5.0V", "_A current(1)=1A\n_V volt(1)=1V",
        "A_A volt(1)=1A\nA_V volt(1)=5V"}) {
    const PmicAdc adc = parse_pmic_adc(text);
    EXPECT_EQ(adc.rails, 0U) << text;
    EXPECT_TRUE(std::isnan(adc.power_W)) << text;
  }
}

TEST(PmicAdc, ARailSaidTwiceCountsOnceAndTooManyAreBounded) {
  EXPECT_DOUBLE_EQ(parse_pmic_adc("A_A current(1)=3.0A\nA_A current(1)=4.0A\nA_V volt(2)=5.0V\nA_V volt(2)=6.0V").power_W, 15);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "R" + std::to_string(i) + "_A current(1)=1.0A\nR" + std::to_string(i) + "_V volt(1)=1.0V\n";
  EXPECT_EQ(parse_pmic_adc(many).rails, PmicAdc::most_rails);
}

TEST(PmicAdc, AnyBytesGiveASumOfWhatIsThereOrNone) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text(answer);
    for (int k = 0; k < 8; ++k) text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % text.size());
    const auto adc = parse_pmic_adc(text);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    ASSERT_LE(2 * adc.rails + adc.unpaired_A, lines) << text;
    ASSERT_EQ(std::isnan(adc.power_W), adc.rails == 0) << text;
    // A chip's limits, 20 V and 50 A, hold for each rail that is not called damaged.
    if (!adc.damaged && adc.rails > 0) {
      ASSERT_LE(std::abs(adc.power_W), 1000.0 * static_cast<double>(adc.rails)) << text;
    }
  }
}

class PmicTest : public ::testing::Test {
 protected:
  PmicTest() {
    tree.roots.firmware = [this](std::string_view command) {
      EXPECT_EQ(command, "pmic_read_adc");
      if (fails) throw FirmwareError(FirmwareFault::io, "no answer");
      return text;
    };
  }
  std::string error() const {
    try {
      open_pmic(parse_meter_uri("pmic://"), 0, tree.roots);
    } catch (const MeterUnavailable& unavailable) {
      return unavailable.what();
    }
    return "";
  }
  FakeTree tree;
  std::string text{answer};
  bool fails = false;
};

TEST_F(PmicTest, ItReadsWattsAndSaysThatTheyAreNotTheBoards) {
  const auto meter = open_pmic(parse_meter_uri("pmic://"), 0, tree.roots);
  EXPECT_THAT(meter->info().description, HasSubstr("sum of 12 PMIC rails, not board power"));
  EXPECT_EQ(meter->info().scope, Scope::rail);
  meter->start(0);
  EXPECT_NEAR(meter->poll(100 * ms)->power_W, total_W, 1e-12);
  EXPECT_EQ(meter->poll(150 * ms)->flags, repeated);
}

TEST_F(PmicTest, AFailedOrCutAnswerIsAGap) {
  const auto meter = open_pmic(parse_meter_uri("pmic://"), 0, tree.roots);
  meter->start(0);
  fails = true;
  EXPECT_EQ(meter->poll(100 * ms)->flags, gap_begins);
  fails = false;
  text.resize(text.find("VDD_CORE_V"));
  const auto cut = meter->poll(200 * ms);
  EXPECT_EQ(cut->flags, gap_begins) << "a rail that is missing would look like less power";
  EXPECT_TRUE(std::isnan(cut->power_W));
}

TEST_F(PmicTest, WhatNoPiCanDrawIsAFailedRead) {
  const auto meter = open_pmic(parse_meter_uri("pmic://"), 0, tree.roots);
  meter->start(0);
  TimeNs now = 0;
  const std::string good = text;
  for (const char* damaged : {"VDD_CORE_A current(7)=4294.96A", "VDD_CORE_A current(7)=-70.5A"}) {
    const auto at = good.find("VDD_CORE_A");
    text = good.substr(0, at) + damaged + good.substr(good.find('\n', at));
    EXPECT_EQ(meter->poll(now += 200 * ms)->flags, gap_begins) << damaged;
    text = good;
    EXPECT_NEAR(meter->poll(now += 200 * ms)->power_W, total_W, 1e-12);
  }
}

TEST_F(PmicTest, APi4SaysThatItHasNone) {
  text = "error=1 error_msg=\"Command not registered\"";
  EXPECT_THAT(error(), AllOf(HasSubstr("Command not registered"), HasSubstr("Raspberry Pi 5")));
  EXPECT_TRUE(find_pmic(tree.roots).empty());
}

TEST_F(PmicTest, AnotherMachineAndMissingRightsAreToldApart) {
  tree.roots.firmware = nullptr;
  EXPECT_THAT(error(), HasSubstr("vcio"));
  EXPECT_TRUE(find_pmic(tree.roots).empty());
  tree.put("dev/vcio", "");
  EXPECT_THAT(error(), HasSubstr("vcio")) << "not the device it should be: a clear error";
  tree.forbid("dev/vcio");
  const testing::WithoutRights user;
  EXPECT_THAT(error(), HasSubstr("usermod -aG video"));
  ASSERT_EQ(find_pmic(tree.roots).size(), 1U);
  EXPECT_EQ(find_pmic(tree.roots)[0].state, MeterState::no_permission);
}

}  // namespace
}  // namespace tbft::power
