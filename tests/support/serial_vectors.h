// Frames of serial meters: captured ones, and frames made from given values. Tests only.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "power/protocol/atorch_frame.h"
#include "power/protocol/rd_um_frame.h"
#include "power/protocol/tc66_frame.h"

namespace tbft::power::testing {

using Bytes = std::vector<std::uint8_t>;

inline Bytes from_hex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return bytes;
}

// A capture: 4.84 V, 25 mA, 121 mW, 23 C.
inline Bytes um34c_frame() {
  return from_hex(
      "0d4c01e40019000000790017004a0000000000020000000a00000000000000000000000000000000000000000000000000000000"
      "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004000300070000"
      "00020000000a00000000018600010001000300000790000215d4");
}
// Made up: 5.062 V, 0.1146 A, 0.580 W, 25 C.
inline Bytes um25c_frame() {
  return from_hex(
      "09c913c6047a000002440019004e0000000000010000000900000000000000000000000000000000000000000000000000000000"
      "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001000000070000"
      "000000000000000d00000000000000020004000001b90001fff1");
}
// A capture, encrypted: 5.1609 V, 19.90 mA, 102.6 mW, 27 C.
inline Bytes tc66_frame() {
  return from_hex(
      "006630928cdbb01e307647693bac80b012a60ec3c8645b9af0ead3c57ae5a0628f330593ff8f836a2a36d60f8709fc4fc5ec277e"
      "f1b0dbb4815a9497d8646eb206f404f8061c1177e994f37dfc6f4dab07385ea4d05c1e32616e88527b57d3106babf8c170d31db5"
      "82db234384fa559313e92b412f6af4e16e09168c608fba0a4231f411e56f5c203c590b4a68fd5b092aca6ec4a4554d5542e8674b"
      "097e259c2aca6ec4a4554d5542e8674b097e259ce09c4004c92da948c3165eebdb8b9ec2");
}
// A capture: 4.61 V, 1.27 A.
inline Bytes atorch_frame() {
  return from_hex("ff5501030001cd00007f003cc80000554e0009000a00000047300d3c000000000000008f");
}

inline void put(std::span<std::uint8_t> bytes, std::size_t at, std::size_t count, std::uint32_t value) {
  for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> 8U * (count - 1 - i));
}
inline std::uint32_t steps(double value, double step) {
  return static_cast<std::uint32_t>(std::lround(value / step));
}

// The answer of a UM34C at these values, rounded as on its display.
inline Bytes um34c_frame(double volts_V, double amps_A) {
  Bytes bytes = um34c_frame();
  put(bytes, 2, 2, steps(volts_V, 1e-2));
  put(bytes, 4, 2, steps(amps_A, 1e-3));
  put(bytes, 6, 4, steps(volts_V * amps_A, 1e-3));
  bytes[129] = rd_um::check_sum(std::span(bytes).first<rd_um::frame_bytes>());
  return bytes;
}

inline tc66::Bytes tc66_plain(double volts_V, double amps_A) {
  tc66::Bytes plain{};
  const auto little = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) plain[at + i] = static_cast<std::uint8_t>(value >> 8U * i);
  };
  for (std::size_t block = 0; block < 3; ++block) {
    const std::array<char, 4> name{'p', 'a', 'c', static_cast<char>('1' + block)};
    for (std::size_t i = 0; i < 4; ++i) plain[64 * block + i] = static_cast<std::uint8_t>(name[i]);
    if (block == 0) {
      little(48, steps(volts_V, 1e-4));
      little(52, steps(amps_A, 1e-5));
      little(56, steps(volts_V * amps_A, 1e-4));
    }
    little(64 * block + 60, tc66::crc16(std::span(plain).subspan(64 * block, 60)));
  }
  return plain;
}
inline Bytes tc66_frame(double volts_V, double amps_A) {
  const tc66::Bytes cipher = tc66::encrypt(tc66_plain(volts_V, amps_A));
  return {cipher.begin(), cipher.end()};
}

inline Bytes atorch_frame(double volts_V, double amps_A) {
  Bytes bytes = atorch_frame();
  put(bytes, 4, 3, steps(volts_V, 1e-2));
  put(bytes, 7, 3, steps(amps_A, 1e-2));
  bytes[35] = atorch::check_sum(std::span(bytes).first(35));
  return bytes;
}

}  // namespace tbft::power::testing
