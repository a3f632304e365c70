// INA260 (Texas Instruments, SBOS656): registers to values and back. Pure. Section numbers are the datasheet's.
#pragma once

#include <cstdint>

namespace tbft::power::ina260 {

enum Register : std::uint8_t {
  configuration = 0x00,
  current = 0x01,
  bus_voltage = 0x02,
  mask_enable = 0x06,
  manufacturer_id = 0xFE,
  die_id = 0xFF,
};
inline constexpr std::uint16_t configuration_reset = 0x6127;  // x1, 1.1 ms, continuous
inline constexpr std::uint16_t die = 0x227;                   // above four bits of revision

enum Mode : std::uint8_t { triggered_both = 3, continuous_both = 7 };

// 8.6.1. Bits 14 and 13 always read 1.
constexpr std::uint16_t configuration_word(std::uint8_t avg, std::uint8_t ct, Mode mode) {
  return static_cast<std::uint16_t>(0x6000U | (avg & 7U) << 9U | (ct & 7U) << 6U | (ct & 7U) << 3U | mode);
}

// Mask/Enable (8.6.5). CVRF is cleared by reading this register and by writing the configuration.
inline constexpr std::uint16_t mask_CNVR = 0x0400;  // ALERT shows CVRF
inline constexpr std::uint16_t mask_CVRF = 0x0008;
inline constexpr std::uint16_t mask_LEN = 0x0001;  // alert latch; 0 after a reset

inline constexpr double current_lsb_A = 1.25e-3;
constexpr double current_A(std::uint16_t raw) {
  return static_cast<std::int16_t>(raw) * current_lsb_A;
}
inline constexpr double bus_lsb_V = 1.25e-3;
constexpr double bus_V(std::uint16_t raw) {
  return (raw & 0x7FFFU) * bus_lsb_V;
}
constexpr bool is_saturated(std::uint16_t current) {
  return current == 0x7FFF || current == 0x8000;
}

// 7.5: the resistor inside is in the current's gain error, 0.5 % over temperature (0.15 % at 25 C); 5 mA of offset at 25 C, and
// 50 uA/C over 40 C added. Bus as the INA226.
inline constexpr double current_gain_limit = 0.005;
inline constexpr double bus_gain_limit = 0.003;
inline constexpr double current_offset_limit_A = 7e-3;
inline constexpr double bus_offset_limit_V = 7.5e-3;

}  // namespace tbft::power::ina260
