// INA226 (Texas Instruments, SBOS547): registers to values and back. Pure. Section numbers are the datasheet's.
#pragma once

#include <cstdint>

namespace tbft::power::ina226 {

enum Register : std::uint8_t {
  configuration = 0x00,
  shunt_voltage = 0x01,
  bus_voltage = 0x02,
  mask_enable = 0x06,
  manufacturer_id = 0xFE,
  die_id = 0xFF,
};
inline constexpr std::uint16_t configuration_reset = 0x4127;  // x1, 1.1 ms, continuous
inline constexpr std::uint16_t die = 0x226;                   // above four bits of revision

enum Mode : std::uint8_t { triggered_both = 3, continuous_both = 7 };

// 7.1.1. Bit 14 always reads 1.
constexpr std::uint16_t configuration_word(std::uint8_t avg, std::uint8_t ct, Mode mode) {
  return static_cast<std::uint16_t>(0x4000U | (avg & 7U) << 9U | (ct & 7U) << 6U | (ct & 7U) << 3U | mode);
}

// Mask/Enable (7.1.7). CVRF is cleared by reading this register and by writing the configuration.
inline constexpr std::uint16_t mask_CNVR = 0x0400;  // ALERT shows CVRF
inline constexpr std::uint16_t mask_CVRF = 0x0008;
inline constexpr std::uint16_t mask_LEN = 0x0001;  // alert latch; 0 after a reset

constexpr double shunt_V(std::uint16_t raw) {
  return static_cast<std::int16_t>(raw) * 2.5e-6;
}
inline constexpr double shunt_lsb_V = 2.5e-6;
inline constexpr double shunt_range_V = 81.92e-3;
constexpr double bus_V(std::uint16_t raw) {
  return (raw & 0x7FFFU) * 1.25e-3;
}
inline constexpr double bus_lsb_V = 1.25e-3;
constexpr bool is_saturated(std::uint16_t shunt) {
  return shunt == 0x7FFF || shunt == 0x8000;
}

// 5.5: 0.1 % and 10 uV at 25 C; 50 ppm/C and 0.1 uV/C over 40 C added.
inline constexpr double shunt_gain_limit = 0.003;
inline constexpr double bus_gain_limit = 0.003;
inline constexpr double shunt_offset_limit_V = 14e-6;
inline constexpr double bus_offset_limit_V = 7.5e-3;

}  // namespace tbft::power::ina226
