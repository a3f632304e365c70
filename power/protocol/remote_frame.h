// The protocol between `tbft serve-meter` and `remote://`, version 4: bytes <-> messages. No socket, no clock, no key here.
//
// A stream of frames over TCP, all numbers big-endian, doubles as IEEE 754 bits (NaN: unknown):
//
//   u16 length (1..3072) | payload | tag (16 bytes, only in sealed frames; counted in length)
//   payload: u8 type | body
//
//   type        from    body
//   1 hello     server  "tbft" | u8 version | u8 1: a key is needed, 0: none | nonce (32)
//   2 login     client  u8 version | nonce (32) | proof (32; zeros where no key is needed)
//   3 welcome   server  proof (32; zeros likewise). All later frames of both sides are sealed if a key is used.
//   4 refused   server  u8 reason: 1 wrong key, 2 too many clients, 3 other version. Takes the place of 1 or 3.
//   5 meter     server  u64 run | scope, measured, counter, paces itself (u8 each) | period, averaging, current share, latency,
//                       gap limit (f64 each) | limits of gain, current offset, voltage offset, power offset, resolutions
//                       in A, V, W, J (f64 each) | uri, description, assumption (u16 length and text each). `run` is random
//                       for every start of the server. Version 1 had no "paces itself", 2 no power offset, 3 no assumption.
//   6 start     client  empty; from now on the server sends readings
//   7 readings  server  u8 count (1..40) | count times: i64 t, V, A, W, J (f64 each), u8 flags (enum Flag)
//   8 ask_time  client  i64 t1, client's clock
//   9 time      server  i64 t1 as asked | i64 t2 received, t3 answered, server's clock
//
// Proofs and tags: power/remote/auth.h. Any other frame ends the connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "tbft/power/meter.h"

namespace tbft::power::remote {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;

inline constexpr std::uint8_t protocol_version = 4;
inline constexpr std::size_t max_frame = 3072;  // bytes after the length
inline constexpr std::size_t max_readings = 40;
inline constexpr std::size_t max_uri = 1024;  // longer texts are cut when encoded and refused when decoded
inline constexpr std::size_t max_description = 512;
inline constexpr std::size_t max_assumption = 1024;  // a sum has those of its parts

struct Hello {
  std::uint8_t version = protocol_version;
  bool key_needed = false;
  Digest nonce{};
};
struct Login {
  std::uint8_t version = protocol_version;
  Digest nonce{};
  Digest proof{};
};
struct Welcome {
  Digest proof{};
};
enum class Reason : std::uint8_t { wrong_key = 1, too_many_clients = 2, other_version = 3 };
struct Refused {
  Reason reason = Reason::wrong_key;
};
struct MeterMessage {
  std::uint64_t run = 0;
  MeterInfo info;
};
struct Start {};
struct Readings {
  std::vector<Reading> readings;
};
struct AskTime {
  TimeNs t1 = 0;
};
struct Time {
  TimeNs t1 = 0, t2 = 0, t3 = 0;
};
using Message = std::variant<Hello, Login, Welcome, Refused, MeterMessage, Start, Readings, AskTime, Time>;

// The payload of a message. Throws std::invalid_argument for more than max_readings.
Bytes encode(const Message& message);
// nullopt: not a message of this version. A value out of bounds (a period of 0 or a day, a time beyond 2^61 ns, an infinite
// power, a control character in a text) makes the whole message invalid.
std::optional<Message> decode(ByteView payload);

// Prepends the length to payload and tag.
Bytes frame(ByteView payload, ByteView tag = {});

// Splits a stream into frames. Keeps at most one frame and the bytes of one feed.
class FrameReader {
 public:
  void feed(ByteView bytes);
  // The next complete frame (payload and tag), valid until the next feed; nullopt: more bytes are needed, or broken().
  std::optional<ByteView> next();
  // Whether a length was 0 or beyond max_frame, so that the start of the next frame cannot be found.
  bool broken() const { return broken_; }
  std::size_t buffered() const { return buffer_.size() - used_; }

 private:
  Bytes buffer_;
  std::size_t used_ = 0;
  bool broken_ = false;
};

}  // namespace tbft::power::remote
