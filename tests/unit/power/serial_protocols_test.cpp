// Frames of the serial meters: captured ones, damaged ones, and ones in the middle of noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "power/protocol/atorch_frame.h"
#include "power/protocol/rd_um_frame.h"
#include "power/protocol/tc66_frame.h"
#include "tests/support/serial_vectors.h"

namespace tbft::power {
namespace {

using testing::Bytes;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(RdUm, ACapturedUm34cFrameIsRead) {
  const Bytes bytes = testing::um34c_frame();
  const auto frame = rd_um::decode(std::span(bytes).first<rd_um::frame_bytes>());
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->model->name, "UM34C");
  EXPECT_DOUBLE_EQ(frame->volts_V, 4.84);
  EXPECT_DOUBLE_EQ(frame->amps_A, 0.025);
  EXPECT_DOUBLE_EQ(frame->power_W, 0.121);
  EXPECT_EQ(frame->temperature_C, 23);
  EXPECT_EQ(frame->group, 0U);
  EXPECT_DOUBLE_EQ(frame->groups[0].charge_Ah, 0.002);
  EXPECT_DOUBLE_EQ(frame->groups[0].energy_Wh, 0.010);
  EXPECT_DOUBLE_EQ(frame->recorded_s, 390);
  EXPECT_DOUBLE_EQ(frame->load_ohm, 193.6);
}

TEST(RdUm, TheUm25cHasScalesTenTimesFiner) {
  const Bytes bytes = testing::um25c_frame();
  const auto frame = rd_um::decode(std::span(bytes).first<rd_um::frame_bytes>());
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->model->name, "UM25C");
  EXPECT_DOUBLE_EQ(frame->volts_V, 5.062);
  EXPECT_DOUBLE_EQ(frame->amps_A, 0.1146);
  EXPECT_DOUBLE_EQ(frame->power_W, 0.580);
  EXPECT_EQ(frame->temperature_C, 25);
  EXPECT_DOUBLE_EQ(frame->load_ohm, 44.1);
}

TEST(RdUm, EveryDamagedByteUnderTheCheckIsSeen) {
  // The UM34C sums some of its bytes; those with volts, amps and watts in their low halves are among them.
  const Bytes good = testing::um34c_frame();
  for (const std::size_t i : {0U, 1U, 3U, 7U, 9U, 127U, 129U}) {
    Bytes bad = good;
    bad[i] ^= 0x10U;
    EXPECT_FALSE(rd_um::decode(std::span(bad).first<rd_um::frame_bytes>())) << i;
  }
  Bytes bad = testing::um25c_frame();
  bad[129] ^= 1U;
  EXPECT_FALSE(rd_um::decode(std::span(bad).first<rd_um::frame_bytes>()));
}

// The UM34C's sum leaves out most bytes of volts, amperes and watts.
TEST(RdUm, DamageInBytesWithoutACheckIsSeenByWhatTheySay) {
  const Bytes good = testing::um34c_frame(5.0, 1.0);
  ASSERT_TRUE(rd_um::decode(std::span(good).first<rd_um::frame_bytes>()));
  for (const std::size_t i : {2U, 4U, 6U, 8U}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ 1U << bit);
      if (rd_um::check_sum(std::span(bad).first<rd_um::frame_bytes>()) != bad[129]) continue;
      EXPECT_FALSE(rd_um::decode(std::span(bad).first<rd_um::frame_bytes>())) << i << ' ' << bit;
    }
  }
  for (const auto& [volts_V, amps_A] : {std::pair{0.0, 0.0}, {4.84, 0.0}, {5.03, 0.003}, {24.0, 4.0}, {12.34, 2.345}}) {
    const Bytes frame = testing::um34c_frame(volts_V, amps_A);
    EXPECT_TRUE(rd_um::decode(std::span(frame).first<rd_um::frame_bytes>())) << volts_V;
  }
}

// The check of a UM24C and a UM25C is a constant, which says nothing of the other bytes.
TEST(RdUm, DamageThatAConstantCheckCannotSeeIsSeenByThePower) {
  const Bytes good = testing::um25c_frame();
  for (const std::size_t i : {2U, 4U, 6U, 7U, 8U}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (i == 2 && bit == 0) continue;  // 0.26 V, or 5 % of the power: the meter may take that later
      Bytes bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ 1U << bit);
      EXPECT_FALSE(rd_um::decode(std::span(bad).first<rd_um::frame_bytes>())) << i << ' ' << bit;
    }
  }
}

TEST(RdUm, ValuesBeyondTheModelAreNoFrame) {
  for (const auto& [at, value] : {std::pair{2U, 65535U}, {2U, 31000U}, {4U, 65535U}}) {
    Bytes bad = testing::um25c_frame();
    testing::put(bad, at, 2, value);
    EXPECT_FALSE(rd_um::decode(std::span(bad).first<rd_um::frame_bytes>())) << at << ' ' << value;
  }
}

TEST(RdUm, AFrameInPiecesBetweenNoiseIsFound) {
  rd_um::Stream stream;
  // The noise holds the start of a frame that never comes.
  const Bytes bytes = joined({{0x00, 0x0d, 0x4c, 0x01}, testing::um34c_frame(), {0xff}, testing::um25c_frame()});
  std::vector<double> volts;
  for (const std::uint8_t byte : bytes) {
    stream.feed({&byte, 1});
    while (const auto frame = stream.next()) volts.push_back(frame->volts_V);
  }
  EXPECT_EQ(volts, (std::vector{4.84, 5.062}));
  EXPECT_EQ(stream.rejected(), 1U);
}

TEST(RdUm, AWrongCheckDropsOneFrameAndNoMore) {
  rd_um::Stream stream;
  Bytes bad = testing::um34c_frame();
  bad[129] ^= 1U;
  stream.feed(joined({bad, testing::um34c_frame()}));
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.rejected(), 1U);
}

TEST(Tc66, TheCrcIsThatOfModbus) {
  const std::string_view digits = "123456789";  // the check value of CRC-16/MODBUS
  EXPECT_EQ(tc66::crc16(Bytes(digits.begin(), digits.end())), 0x4B37);
}

TEST(Tc66, ACapturedFrameIsDecryptedAndRead) {
  tc66::Stream stream;
  stream.feed(testing::tc66_frame());
  const auto frame = stream.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->model, "TC66");
  EXPECT_EQ(frame->serial, 48724U);
  EXPECT_DOUBLE_EQ(frame->volts_V, 5.1609);
  EXPECT_DOUBLE_EQ(frame->amps_A, 0.01990);
  EXPECT_DOUBLE_EQ(frame->power_W, 0.1026);
  EXPECT_EQ(frame->temperature_C, 27);
  EXPECT_DOUBLE_EQ(frame->energy_Wh, 0.005);
  EXPECT_DOUBLE_EQ(frame->d_plus_V, 2.81);
}

TEST(Tc66, AFrameInPiecesBetweenNoiseIsFound) {
  tc66::Stream stream;
  const Bytes frame = testing::tc66_frame();
  const Bytes bytes = joined({{1, 2, 3}, Bytes(frame.begin(), frame.begin() + 40), frame, {7}, frame});
  std::size_t found = 0;
  for (const std::uint8_t byte : bytes) {
    stream.feed({&byte, 1});
    while (stream.next()) ++found;
  }
  EXPECT_EQ(found, 2U);
}

TEST(Tc66, DamageInAnyBlockIsSeen) {
  for (const std::size_t i : {0U, 50U, 100U, 191U}) {
    tc66::Stream stream;
    Bytes bad = testing::tc66_frame();
    bad[i] ^= 1U;
    stream.feed(joined({bad, testing::tc66_frame()}));
    EXPECT_TRUE(stream.next()) << i;
    EXPECT_FALSE(stream.next()) << i;
  }
}

TEST(Tc66, ValuesBeyondTheModelAreNoFrame) {
  EXPECT_TRUE(tc66::decode(testing::tc66_plain(20, 5)));
  EXPECT_FALSE(tc66::decode(testing::tc66_plain(400, 1)));
  EXPECT_FALSE(tc66::decode(testing::tc66_plain(5, 42)));
}

TEST(Tc66, ATemperatureBelowZeroHasItsSign) {
  tc66::Bytes plain = testing::tc66_plain(5.0, 1.0);
  plain[88] = 1;
  plain[92] = 4;
  const unsigned crc = tc66::crc16(std::span(plain).subspan(64, 60));
  plain[124] = static_cast<std::uint8_t>(crc);
  plain[125] = static_cast<std::uint8_t>(crc >> 8U);
  const auto frame = tc66::decode(plain);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->temperature_C, -4);
}

TEST(Atorch, ACapturedReportIsRead) {
  const Bytes bytes = testing::atorch_frame();
  const auto report = atorch::decode(std::span(bytes).first<atorch::report_bytes>());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->kind, atorch::Kind::usb);
  EXPECT_DOUBLE_EQ(report->volts_V, 4.61);
  EXPECT_DOUBLE_EQ(report->amps_A, 1.27);
  EXPECT_DOUBLE_EQ(report->charge_Ah, 15.560);
  EXPECT_DOUBLE_EQ(report->energy_Wh, 218.38);
}

TEST(Atorch, TheStreamStepsOverAnswersCommandsAndDamage) {
  atorch::Stream stream;
  Bytes bad = testing::atorch_frame();
  bad[6] ^= 1U;
  const Bytes answer{0xff, 0x55, 0x02, 0x01, 0x01, 0x00, 0x00, 0x40};
  const Bytes bytes = joined({{0xff, 0xff, 0x55}, answer, bad, testing::atorch_frame(), {0xff}, testing::atorch_frame()});
  std::size_t found = 0;
  for (const std::uint8_t byte : bytes) {
    stream.feed({&byte, 1});
    while (stream.next()) ++found;
  }
  EXPECT_EQ(found, 2U);
  EXPECT_EQ(stream.rejected(), 1U);
}

TEST(Atorch, AReportThatWasCutOffDoesNotTakeTheNextOneWithIt) {
  atorch::Stream stream;
  const Bytes frame = testing::atorch_frame();
  stream.feed(joined({Bytes(frame.begin(), frame.begin() + 20), frame}));
  EXPECT_TRUE(stream.next());
}

TEST(Atorch, ACapturedReportOfADcMeterIsRead) {
  const Bytes bytes = testing::from_hex("ff550102000020004e230013fd000000110000000000000000250002211f3c000000001c");
  ASSERT_EQ(bytes.size(), atorch::report_bytes);
  const auto report = atorch::decode(std::span(bytes).first<atorch::report_bytes>());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->kind, atorch::Kind::dc);
  EXPECT_DOUBLE_EQ(report->volts_V, 3.2);
  EXPECT_DOUBLE_EQ(report->amps_A, 20.003);
  EXPECT_DOUBLE_EQ(report->charge_Ah, 51.17);
  EXPECT_DOUBLE_EQ(report->energy_Wh, 170);
}

TEST(Atorch, ValuesBeyondTheKindAndUnknownKindsAreNoReport) {
  Bytes bytes = testing::atorch_frame(655, 1);
  EXPECT_FALSE(atorch::decode(std::span(bytes).first<atorch::report_bytes>()));
  bytes = testing::atorch_frame(5, 100);
  EXPECT_FALSE(atorch::decode(std::span(bytes).first<atorch::report_bytes>()));
  bytes = testing::atorch_frame(5, 1);
  bytes[3] = 9;
  EXPECT_FALSE(atorch::decode(std::span(bytes).first<atorch::report_bytes>(), atorch::Check::off));
}

TEST(Atorch, ValuesOfOtherKindsOfMetersAreUnknown) {
  Bytes bytes = testing::atorch_frame();
  bytes[3] = 1;
  bytes[35] = atorch::check_sum(std::span(bytes).first(35));
  const auto report = atorch::decode(std::span(bytes).first<atorch::report_bytes>());
  ASSERT_TRUE(report);
  EXPECT_TRUE(std::isnan(report->volts_V) && std::isnan(report->amps_A));
}

template <typename Stream>
void survives_noise(const Bytes& frame) {
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same bytes in every run
  Stream stream;
  for (int round = 0; round < 200; ++round) {
    Bytes noise(random() % 700);
    std::ranges::generate(noise, [&] { return static_cast<std::uint8_t>(random()); });
    for (int i = 0; i < 5 && !noise.empty(); ++i) noise[random() % noise.size()] = frame[0];
    stream.feed(noise);
    while (stream.next()) continue;
  }
  // A frame may be taken for the tail of one that began in the noise: the second is found in any case.
  bool found = false;
  for (int i = 0; i < 3; ++i) {
    stream.feed(frame);
    while (stream.next()) found = true;
  }
  EXPECT_TRUE(found);
}

TEST(Streams, NoiseOfAnyLengthIsSurvived) {
  survives_noise<rd_um::Stream>(testing::um34c_frame());
  survives_noise<tc66::Stream>(testing::tc66_frame());
  survives_noise<atorch::Stream>(testing::atorch_frame());
}

}  // namespace
}  // namespace tbft::power
