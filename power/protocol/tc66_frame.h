// Frames of the RDTech TC66 and TC66C, as reverse-engineered by users (there is no datasheet). The host sends `getva` and gets
// 192 bytes, encrypted with AES-256-ECB and a key that is the same in every device. Little-endian: three blocks of 64 bytes,
// "pac1" to "pac3", each with a CRC-16/MODBUS of its first 60 bytes at the end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "power/protocol/byte_queue.h"

namespace tbft::power::tc66 {

inline constexpr std::size_t frame_bytes = 192;
inline constexpr std::array<std::uint8_t, 5> request{'g', 'e', 't', 'v', 'a'};
using Bytes = std::array<std::uint8_t, frame_bytes>;

struct Frame {
  std::string model;  // "TC66"
  std::uint32_t serial = 0;
  double volts_V = 0;  // steps of 0.1 mV
  double amps_A = 0;   // steps of 10 uA
  double power_W = 0;  // computed by the meter, steps of 0.1 mW
  double load_ohm = 0;
  double charge_Ah = 0;  // group 0
  double energy_Wh = 0;  // group 0; steps of 1 mWh = 3.6 J
  double temperature_C = 0;
  double d_plus_V = 0;
  double d_minus_V = 0;
};

// CRC-16/MODBUS: polynomial 8005 reflected, start FFFF.
std::uint16_t crc16(std::span<const std::uint8_t> bytes);
// Decodes a decrypted frame; nullopt for a wrong block name or CRC, or for impossible values.
std::optional<Frame> decode(const Bytes& plain);
// Encrypts a frame as the meter does, for simulators.
Bytes encrypt(const Bytes& plain);

struct Cipher;  // OpenSSL's

// Finds frames in any bytes.
class Stream {
 public:
  Stream();
  ~Stream();
  void feed(std::span<const std::uint8_t> bytes) { queue_.feed(bytes); }
  // The next complete frame with correct CRCs; bytes before it are dropped.
  std::optional<Frame> next();
  // Discards an incomplete frame.
  void clear() { queue_.clear(); }
  // The number of frames dropped because of a wrong CRC.
  std::size_t rejected() const { return rejected_; }

 private:
  std::unique_ptr<Cipher> cipher_;
  ByteQueue queue_{8 * frame_bytes};
  std::size_t rejected_ = 0;
};

}  // namespace tbft::power::tc66
