// Bytes of the remote protocol: what is encoded comes back, what is not exactly a message is none.
#include "power/protocol/remote_frame.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tbft::power::remote {
namespace {

MeterInfo some_meter() {
  MeterInfo info;
  info.uri = "ina219:///dev/i2c-1?addr=0x40";
  info.description = "INA219 at 0x40";
  info.assumption = "0.1 ohm is assumed";
  info.scope = Scope::rail;
  info.measured = false;
  info.counter = true;
  info.paces_itself = true;
  info.nominal_period_s = 1.064e-3;
  info.averaging_s = 1e-3;
  info.current_share = 0.5;
  info.latency_s = 66e-6;
  info.gap_limit_s = 0.05;
  info.accuracy = {.gain_limit_rel = 0.015,
                   .offset_limit_A = std::nullopt,
                   .offset_limit_V = 0.0,
                   .offset_limit_W = 0.25,
                   .resolution_A = 1e-4,
                   .resolution_V = 4e-3,
                   .resolution_W = 2e-3,
                   .resolution_J = 1e-6};
  return info;
}

template <typename T>
T there_and_back(const T& message) {
  const auto decoded = decode(encode(message));
  EXPECT_TRUE(decoded && std::holds_alternative<T>(*decoded));
  return std::get<T>(decoded.value());
}

// Version 4: the layout as the header states it, byte by byte.
TEST(RemoteFrame, AMetersMessageIsLaidOutAsDocumented) {
  MeterInfo info = some_meter();
  info.nominal_period_s = 1;
  info.current_share = 0.25;
  info.uri = "u";
  info.description = "d";
  info.assumption = "";
  const Bytes bytes = encode(MeterMessage{.run = 1, .info = info});
  ASSERT_EQ(bytes.size(), 1 + 8 + 4 + 13 * 8 + 2 * 3U + 2);
  EXPECT_EQ(bytes[0], 5);
  EXPECT_EQ((Bytes{bytes.begin() + 9, bytes.begin() + 13}), (Bytes{2, 0, 1, 1})) << "scope, measured, counter, paces itself";
  EXPECT_EQ(bytes[13], 0x3F) << "a period of 1 s";
  EXPECT_EQ((Bytes{bytes.begin() + 29, bytes.begin() + 31}), (Bytes{0x3F, 0xD0})) << "a current share of 0.25";
  EXPECT_EQ(protocol_version, 4);
}

TEST(RemoteFrame, EverythingAMeterSaysOfItselfComesBack) {
  const MeterInfo sent = some_meter();
  const auto message = there_and_back(MeterMessage{.run = 0x0123456789abcdef, .info = sent});
  const MeterInfo& got = message.info;
  EXPECT_EQ(message.run, 0x0123456789abcdefU);
  EXPECT_EQ(got.uri, sent.uri);
  EXPECT_EQ(got.description, sent.description);
  EXPECT_EQ(got.assumption, sent.assumption);
  EXPECT_EQ(got.scope, Scope::rail);
  EXPECT_FALSE(got.measured);
  EXPECT_TRUE(got.counter);
  EXPECT_TRUE(got.paces_itself);
  EXPECT_EQ(got.nominal_period_s, sent.nominal_period_s);
  EXPECT_EQ(got.averaging_s, sent.averaging_s);
  EXPECT_EQ(got.current_share, sent.current_share);
  EXPECT_EQ(got.latency_s, sent.latency_s);
  EXPECT_EQ(got.gap_limit_s, sent.gap_limit_s);
  EXPECT_EQ(got.accuracy.gain_limit_rel, 0.015);
  EXPECT_EQ(got.accuracy.offset_limit_A, std::nullopt);
  EXPECT_EQ(got.accuracy.offset_limit_V, 0.0);
  EXPECT_EQ(got.accuracy.offset_limit_W, 0.25);
  EXPECT_EQ(got.accuracy.resolution_A, 1e-4);
  EXPECT_EQ(got.accuracy.resolution_V, 4e-3);
  EXPECT_EQ(got.accuracy.resolution_W, 2e-3);
  EXPECT_EQ(got.accuracy.resolution_J, 1e-6);
}

TEST(RemoteFrame, ReadingsComeBackWithUnknownValuesUnknown) {
  const auto got = there_and_back(
      Readings{{Reading{.t_ns = -5, .volts_V = 5.1, .amps_A = -0.25, .power_W = 1.275, .flags = saturated},
                Reading{.t_ns = 1'000'000'007, .energy_J = 12.5, .flags = reinitialised | gap_begins | asleep}}});
  ASSERT_EQ(got.readings.size(), 2U);
  EXPECT_EQ(got.readings[0].t_ns, -5);
  EXPECT_EQ(got.readings[0].volts_V, 5.1);
  EXPECT_EQ(got.readings[0].amps_A, -0.25);
  EXPECT_EQ(got.readings[0].power_W, 1.275);
  EXPECT_TRUE(std::isnan(got.readings[0].energy_J));
  EXPECT_EQ(got.readings[0].flags, saturated);
  EXPECT_EQ(got.readings[1].t_ns, 1'000'000'007);
  EXPECT_TRUE(std::isnan(got.readings[1].power_W));
  EXPECT_EQ(got.readings[1].energy_J, 12.5);
  EXPECT_EQ(got.readings[1].flags, reinitialised | gap_begins | asleep);
}

TEST(RemoteFrame, TheBytesAreAsDocumented) {
  const Bytes bytes = encode(Time{.t1 = 1, .t2 = 0x0102, .t3 = 0x0103});
  const Bytes wanted{9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 1, 3};
  EXPECT_EQ(bytes, wanted);
  EXPECT_EQ(frame(Bytes{6}), (Bytes{0, 1, 6}));
  EXPECT_EQ(frame(Bytes{6}, Bytes{7, 8}), (Bytes{0, 3, 6, 7, 8}));
}

TEST(RemoteFrame, TheLongestMessagesFitIntoAFrameWithTheirTag) {
  MeterInfo info = some_meter();
  info.uri.assign(5000, 'u');
  info.description.assign(5000, 'd');
  info.assumption.assign(5000, 'a');
  const Bytes meter = encode(MeterMessage{.info = info});
  EXPECT_LE(meter.size() + 16, max_frame);
  EXPECT_EQ(there_and_back(MeterMessage{.info = info}).info.uri.size(), max_uri);
  EXPECT_LE(encode(Readings{std::vector<Reading>(max_readings)}).size() + 16, max_frame);
  EXPECT_THROW(encode(Readings{std::vector<Reading>(max_readings + 1)}), std::invalid_argument);
}

TEST(RemoteFrame, AValueOutOfBoundsMakesTheMessageNone) {
  const auto refused = [](auto change) {
    MeterInfo info = some_meter();
    change(info);
    return !decode(encode(MeterMessage{.info = info}));
  };
  EXPECT_TRUE(refused([](MeterInfo& i) { i.nominal_period_s = 0; }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.nominal_period_s = unknown; }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.gap_limit_s = 1e300; }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.latency_s = -1; }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.accuracy.gain_limit_rel = -0.1; }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.accuracy.resolution_A = std::numeric_limits<double>::infinity(); }));
  EXPECT_TRUE(refused([](MeterInfo& i) { i.description = "two\nlines"; }));
  EXPECT_FALSE(refused([](MeterInfo&) {}));

  EXPECT_FALSE(decode(encode(Readings{{Reading{.power_W = std::numeric_limits<double>::infinity()}}})));
  EXPECT_FALSE(decode(encode(Readings{{Reading{.t_ns = std::numeric_limits<TimeNs>::min()}}})));
  EXPECT_FALSE(decode(encode(Readings{{Reading{.flags = 0x20}}})));
  EXPECT_FALSE(decode(encode(Time{.t1 = 0, .t2 = 5, .t3 = 4})));
}

TEST(RemoteFrame, AByteTooFewOrTooManyMakesTheMessageNone) {
  const std::vector<Message> messages{Hello{},   Login{},
                                      Welcome{}, Refused{},
                                      Start{},   MeterMessage{.info = some_meter()},
                                      AskTime{}, Readings{{Reading{}, Reading{}}},
                                      Time{}};
  for (const Message& message : messages) {
    const Bytes whole = encode(message);
    EXPECT_TRUE(decode(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode(longer));
  }
  EXPECT_FALSE(decode(Bytes{0}));
  EXPECT_FALSE(decode(Bytes{10}));
  EXPECT_FALSE(decode(Bytes{255, 1, 2, 3}));
}

TEST(RemoteFrame, FramesComeWholeOutOfSingleBytes) {
  Bytes stream = frame(encode(AskTime{.t1 = 77}));
  const Bytes second = frame(encode(Start{}));
  stream.insert(stream.end(), second.begin(), second.end());
  FrameReader reader;
  std::vector<Bytes> got;
  for (const std::uint8_t byte : stream) {
    reader.feed(ByteView(&byte, 1));
    while (const auto payload = reader.next()) got.emplace_back(payload->begin(), payload->end());
  }
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0], encode(AskTime{.t1 = 77}));
  EXPECT_EQ(got[1], encode(Start{}));
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(RemoteFrame, AnImpossibleLengthEndsTheStreamAndKeepsNothing) {
  for (const Bytes& start : {Bytes{0, 0}, Bytes{0x0c, 0x01}, Bytes{0xff, 0xff}}) {
    FrameReader reader;
    reader.feed(start);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.broken());
    reader.feed(Bytes(100'000));
    EXPECT_LE(reader.buffered(), 2U);
    EXPECT_FALSE(reader.next());
  }
}

TEST(RemoteFrame, RandomBytesAreSurvivedAndWhatDecodesIsStable) {
  std::mt19937 random(7);
  const Bytes meter = encode(MeterMessage{.info = some_meter()});
  const Bytes readings = encode(Readings{{Reading{.power_W = 3}, Reading{}}});
  int decoded = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = i % 2 == 0 ? meter : readings;
    for (auto n = 1 + random() % 3; n > 0; --n) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const auto message = decode(bytes);
    if (!message) continue;
    ++decoded;
    const Bytes again = encode(*message);
    const auto second = decode(again);
    ASSERT_TRUE(second);
    EXPECT_EQ(encode(*second), again);
  }
  EXPECT_GT(decoded, 1000);  // many changes hit a number and leave a message
}

}  // namespace
}  // namespace tbft::power::remote
