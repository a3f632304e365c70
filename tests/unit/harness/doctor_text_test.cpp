#include "harness/host/doctor_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tbft {
namespace {

using power::MeterState;
using ::testing::HasSubstr;
using ::testing::Not;

Findings machine() {
  Findings found;
  found.meters = {
      {.uri = "ina219://", .state = MeterState::absent, .detail = "none recognised", .fix = "if it is there: ..."},
      {.uri = "power_supply://BAT0", .state = MeterState::unusable, .detail = "charging", .fix = "unplug the charger"},
      {.uri = "nvml://", .state = MeterState::absent, .detail = "none recognised"},
      {.uri = "rapl://package", .state = MeterState::ready, .detail = "RAPL energy counter"}};
  found.checks = {
      {.topic = "i2c", .name = "/dev/i2c-*", .health = Health::absent, .detail = "no I2C bus"},
      {.topic = "i2c",
       .name = "adapters",
       .health = Health::absent,
       .detail = "no device files",
       .fix = "sudo modprobe i2c-dev"},
      {.topic = "cpu", .name = "governor", .health = Health::warning, .detail = "powersave", .fix = "echo performance"}};
  found.auto_uri = "rapl://package";
  return found;
}

TEST(DoctorText, WhatFitsComesFirstAndWhatIsAbsentOnOneLine) {
  const std::string text = to_text(machine(), false);
  EXPECT_EQ(text.find("-m auto takes rapl://package\n"), 0U) << text;
  EXPECT_LT(text.find("ready         rapl://package"), text.find("unusable      power_supply://BAT0"));
  EXPECT_THAT(text, HasSubstr("\n  absent: ina219, nvml (--all shows why)\nMachine\n"));
  EXPECT_THAT(text, HasSubstr("\n  absent: i2c /dev/i2c-* (--all shows why)\n"));
  EXPECT_THAT(text, Not(HasSubstr("none recognised")));
}

TEST(DoctorText, AnAbsentThingThatCanBeMendedIsShown) {
  EXPECT_THAT(to_text(machine(), false),
              HasSubstr("absent        i2c adapters: no device files\n                  -> sudo modprobe i2c-dev\n"));
}

TEST(DoctorText, AllShowsEveryLine) {
  const std::string text = to_text(machine(), true);
  EXPECT_THAT(text, HasSubstr("absent        ina219://: none recognised\n                  -> if it is there: ...\n"));
  EXPECT_THAT(text, HasSubstr("absent        i2c /dev/i2c-*: no I2C bus\n"));
  EXPECT_THAT(text, Not(HasSubstr("--all")));
}

TEST(DoctorText, WithoutAChoiceItSaysWhy) {
  auto found = machine();
  found.auto_uri.clear();
  EXPECT_EQ(to_text(found, false).find("-m auto finds no meter\n"), 0U);
  found.also_usable = {"power_supply://BAT0", "power_supply://BAT1"};
  EXPECT_EQ(to_text(found, false)
                .find("-m auto does not choose among equals; name one: -m 'power_supply://BAT0', -m 'power_supply://BAT1'\n"),
            0U);
}

}  // namespace
}  // namespace tbft
