// Frames of the RD (RuiDeng) USB meters UM24C, UM25C and UM34C, as reverse-engineered by users (there is no datasheet). The
// host sends F0 and gets 130 bytes, big-endian. F4 would clear a group of the meter's sums, so the driver never sends it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "power/protocol/byte_queue.h"

namespace tbft::power::rd_um {

inline constexpr std::size_t frame_bytes = 130;
inline constexpr std::array<std::uint8_t, 1> request{0xF0};

struct Model {
  std::string_view name;    // name on the case
  std::string_view scheme;  // of the meter's URI
  std::uint16_t id;         // bytes 0 and 1
  double step_V;            // of bytes 2 and 3
  double step_A;            // of bytes 4 and 5
  bool sum;                 // the last byte is the XOR of some others; otherwise the last two are FF F1
  double most_A;            // current range; the voltage range is 24 V for all
};
inline constexpr std::array models{
    Model{"UM24C", "um24c", 0x0963, 1e-2, 1e-3, false, 3},
    Model{"UM25C", "um25c", 0x09C9, 1e-3, 1e-4, false, 5},
    Model{"UM34C", "um34c", 0x0D4C, 1e-2, 1e-3, true, 4},
};
const Model* model_of_id(std::uint16_t id);             // null: none
const Model* model_of_scheme(std::string_view scheme);  // null: none

struct Group {
  double charge_Ah = 0;
  double energy_Wh = 0;  // steps of 1 mWh = 3.6 J, too coarse to compare seconds
};

struct Frame {
  const Model* model = nullptr;
  double volts_V = 0;
  double amps_A = 0;
  double power_W = 0;  // computed by the meter, steps of 1 mW
  double temperature_C = 0;
  unsigned group = 0;  // the active group
  std::array<Group, 10> groups;
  double d_plus_V = 0;
  double d_minus_V = 0;
  double recorded_Ah = 0;
  double recorded_Wh = 0;
  double recorded_s = 0;
  double load_ohm = 0;
};

// The XOR in the last byte of a UM34C's frame. Requires at least frame_bytes.
std::uint8_t check_sum(std::span<const std::uint8_t, frame_bytes> bytes);
// Decodes a frame; nullopt for an unknown model, a wrong check, or values that are impossible for the model. The checks cover
// only a part of the frame (a UM34C's neither the high byte of the voltage nor the current, the others' no value at all), so
// power must also equal volts times amperes.
std::optional<Frame> decode(std::span<const std::uint8_t, frame_bytes> bytes);

// Finds frames in any bytes.
class Stream {
 public:
  void feed(std::span<const std::uint8_t> bytes) { queue_.feed(bytes); }
  // The next complete frame with a correct check; bytes before it are dropped.
  std::optional<Frame> next();
  // Discards an incomplete frame.
  void clear() { queue_.clear(); }
  // The number of frames dropped because of a wrong check.
  std::size_t rejected() const { return rejected_; }

 private:
  ByteQueue queue_{16 * frame_bytes};
  std::size_t rejected_ = 0;
};

}  // namespace tbft::power::rd_um
