// INA3221 (Texas Instruments, SBOS576), three channels: registers to values and back. Pure. Section numbers are the
// datasheet's.
#pragma once

#include <cstdint>

namespace tbft::power::ina3221 {

enum Register : std::uint8_t {
  configuration = 0x00,
  mask_enable = 0x0F,
  manufacturer_id = 0xFE,
  die_id = 0xFF,
};
inline constexpr std::uint16_t die = 0x3220;
inline constexpr std::uint16_t configuration_reset = 0x7127;  // all channels, x1, 1.1 ms, continuous

enum Mode : std::uint8_t { triggered_both = 3, continuous_both = 7 };

// Channels are 1 to 3.
constexpr std::uint8_t shunt_voltage(int channel) {
  return static_cast<std::uint8_t>(2 * channel - 1);
}
constexpr std::uint8_t bus_voltage(int channel) {
  return static_cast<std::uint8_t>(2 * channel);
}
// 8.6.2.1: one channel alone, no averaging.
constexpr std::uint16_t configuration_word(int channel, std::uint8_t ct, Mode mode) {
  return static_cast<std::uint16_t>(0x8000U >> static_cast<unsigned>(channel) | (ct & 7U) << 6U | (ct & 7U) << 3U | mode);
}

// Mask/Enable. CVRF is cleared by reading this register and by writing the configuration.
inline constexpr std::uint16_t mask_WEN = 0x0800;  // warning latch; 0 after a reset
inline constexpr std::uint16_t mask_CVRF = 0x0001;

// 13 bits in the upper part of the word.
inline constexpr double shunt_lsb_V = 40e-6;
inline constexpr double shunt_range_V = 163.8e-3;
constexpr double shunt_V(std::uint16_t raw) {
  return (static_cast<std::int16_t>(raw) >> 3) * shunt_lsb_V;
}
inline constexpr double bus_lsb_V = 8e-3;
constexpr double bus_V(std::uint16_t raw) {
  return (static_cast<std::int16_t>(raw) >> 3) * bus_lsb_V;
}
constexpr bool is_saturated(std::uint16_t shunt) {
  const int raw = static_cast<std::int16_t>(shunt) >> 3;
  return raw >= 4095 || raw <= -4095;
}

// 7.5: 0.25 %, 80 uV and 16 mV at 25 C; 50 ppm/C and 0.5 uV/C over 40 C added.
inline constexpr double shunt_gain_limit = 0.0045;
inline constexpr double bus_gain_limit = 0.0045;
inline constexpr double shunt_offset_limit_V = 100e-6;
inline constexpr double bus_offset_limit_V = 16e-3;

}  // namespace tbft::power::ina3221
