// Reports of Atorch USB meters (UD18, J7-c and such), as their users worked them out (there is no datasheet). The meter sends
// unasked: FF 55, a type, the kind of meter, ..., a check byte: the sum from the type on, XOR 44. Big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "power/protocol/byte_queue.h"

namespace tbft::power::atorch {

inline constexpr std::size_t report_bytes = 36;

enum class Kind : std::uint8_t { ac = 1, dc = 2, usb = 3 };

// Only of Kind::usb are the places of voltage and current known; the values of other kinds are unknown.
struct Report {
  Kind kind = Kind::usb;
  double volts_V = 0;  // steps of 10 mV
  double amps_A = 0;   // steps of 10 mA
  double charge_Ah = 0;
  double energy_Wh = 0;  // steps of 10 mWh = 36 J
};

// The check byte of a frame: everything but it, from FF on. At least two bytes.
std::uint8_t check_sum(std::span<const std::uint8_t> frame);
// Nothing for another start, type or check.
std::optional<Report> decode(std::span<const std::uint8_t, report_bytes> bytes);

// Finds reports in any bytes; answers and commands are stepped over.
class Stream {
 public:
  void feed(std::span<const std::uint8_t> bytes) { queue_.feed(bytes); }
  // The next whole report with a correct check; what stands before it is dropped.
  std::optional<Report> next();
  void clear() { queue_.clear(); }
  // Reports with a wrong check that were dropped.
  std::size_t rejected() const { return rejected_; }

 private:
  ByteQueue queue_{64 * report_bytes};
  std::size_t rejected_ = 0;
};

}  // namespace tbft::power::atorch
