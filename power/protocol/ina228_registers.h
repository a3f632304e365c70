// INA228 (Texas Instruments, SLYS021): registers to values and back. Pure. Section numbers are the datasheet's.
#pragma once

#include <cstdint>
#include <span>

namespace tbft::power::ina228 {

// The size of a register in bytes: VSHUNT and VBUS 3, ENERGY 5, others 2.
enum Register : std::uint8_t {
  config = 0x00,
  adc_config = 0x01,
  shunt_cal = 0x02,
  vshunt = 0x04,
  vbus = 0x05,
  energy = 0x09,
  diag_alrt = 0x0B,
  manufacturer_id = 0x3E,
  device_id = 0x3F,
};
inline constexpr std::uint16_t adc_config_reset = 0xFB68;
inline constexpr std::uint16_t device = 0x228;  // above four bits of revision

inline constexpr std::uint16_t config_adcrange = 0x0010;  // 40.96 mV instead of 163.84 mV

// 7.6.1.2: bus and shunt, continuous, without temperature (ENERGY grows only in continuous modes).
constexpr std::uint16_t adc_config_word(std::uint8_t avg, std::uint8_t ct) {
  return static_cast<std::uint16_t>(0xB000U | (ct & 7U) << 9U | (ct & 7U) << 6U | (avg & 7U));
}

// DIAG_ALRT (7.6.1.12).
inline constexpr std::uint16_t diag_ALATCH = 0x8000;  // CNVRF and ALERT hold until this register is read; 0 after a reset
inline constexpr std::uint16_t diag_CNVR = 0x4000;    // ALERT shows CNVRF
inline constexpr std::uint16_t diag_MATHOF = 0x0200;  // power and energy may be wrong
inline constexpr std::uint16_t diag_CNVRF = 0x0002;

// Big-endian, up to 8 bytes.
constexpr std::uint64_t unsigned_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}
// VSHUNT and VBUS: 20 bits, two's complement, above four reserved bits.
constexpr std::int32_t signed20_of(std::span<const std::uint8_t, 3> bytes) {
  const auto raw = static_cast<std::int32_t>(unsigned_of(bytes) >> 4U);
  return raw >= 0x80000 ? raw - 0x100000 : raw;
}

constexpr double shunt_lsb_V(bool narrow) {
  return narrow ? 78.125e-9 : 312.5e-9;
}
constexpr double shunt_range_V(bool narrow) {
  return narrow ? 40.96e-3 : 163.84e-3;
}
inline constexpr double bus_lsb_V = 195.3125e-6;
inline constexpr double bus_range_V = 85;
constexpr bool is_saturated(std::int32_t shunt) {
  return shunt >= 0x7FFFF || shunt <= -0x80000;
}

// 8.1.2, equation 2: SHUNT_CAL = 13107.2e6 x current LSB x shunt (x 4 in the narrow range). With a current LSB of one shunt LSB
// divided by the shunt it is 4096 in both ranges, without rounding.
inline constexpr std::uint16_t shunt_cal_value = 4096;
constexpr double current_lsb_A(bool narrow, double shunt_ohm) {
  return shunt_lsb_V(narrow) / shunt_ohm;
}
// Equation 6. ENERGY counts 40 bits, unsigned.
constexpr double energy_lsb_J(bool narrow, double shunt_ohm) {
  return 16 * 3.2 * current_lsb_A(narrow, shunt_ohm);
}
inline constexpr std::uint64_t energy_range = std::uint64_t{1} << 40U;

// 6.5: the total error of energy, 1 % of full scale, which includes the oscillator's error; and those of the voltages.
inline constexpr double energy_gain_limit = 0.01;
inline constexpr double shunt_offset_limit_V = 1e-6;
inline constexpr double bus_offset_limit_V = 2.5e-3;

}  // namespace tbft::power::ina228
