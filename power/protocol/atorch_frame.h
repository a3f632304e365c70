// Reports of Atorch USB meters (UD18, J7-c and such), as reverse-engineered by users (there is no datasheet). The meter sends
// without requests: FF 55, a type, the kind of meter, ..., a check byte: the sum from the type on, XOR 44. Big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "power/protocol/byte_queue.h"

namespace tbft::power::atorch {

inline constexpr std::size_t report_bytes = 36;

enum class Kind : std::uint8_t { ac = 1, dc = 2, usb = 3 };

struct Steps {
  double volts_V;
  double amps_A;
};
constexpr Steps steps_of(Kind kind) {
  return kind == Kind::dc ? Steps{0.1, 1e-3} : Steps{1e-2, 1e-2};
}

// The power of a mains meter is not volts times amperes, so its values are unknown.
struct Report {
  Kind kind = Kind::usb;
  double volts_V = 0;
  double amps_A = 0;
  double charge_Ah = 0;
  double energy_Wh = 0;  // in steps of 10 mWh = 36 J; a DC meter: of 10 Wh
};

// Whether the check byte is verified; some electronic loads (DL24 and such) put noise into it.
enum class Check { on, off };

// The check byte of a frame, given all bytes before it from FF on, at least two.
std::uint8_t check_sum(std::span<const std::uint8_t> frame);
// Decodes a frame; nullopt for another start or type, an unknown kind, a wrong check byte, or values that are impossible for
// such a meter.
std::optional<Report> decode(std::span<const std::uint8_t, report_bytes> bytes, Check check = Check::on);

// Finds reports in any bytes and skips answers and commands.
class Stream {
 public:
  explicit Stream(Check check = Check::on) : check_(check) {}
  void feed(std::span<const std::uint8_t> bytes) { queue_.feed(bytes); }
  // The next complete report with a correct check byte; bytes before it are dropped.
  std::optional<Report> next();
  void clear() { queue_.clear(); }
  // The number of reports dropped because of a wrong check byte.
  std::size_t rejected() const { return rejected_; }

 private:
  Check check_;
  ByteQueue queue_{64 * report_bytes};
  std::size_t rejected_ = 0;
};

}  // namespace tbft::power::atorch
