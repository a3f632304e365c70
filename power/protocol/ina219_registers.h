// INA219 (Texas Instruments, SBOS448): registers to values and back. Pure; datasheet names. Section numbers are the
// datasheet's.
#pragma once

#include <array>
#include <cstdint>

namespace tbft::power::ina219 {

enum Register : std::uint8_t {
  configuration = 0x00,
  shunt_voltage = 0x01,
  bus_voltage = 0x02,
  power = 0x03,
  current = 0x04,
  calibration = 0x05,
};

inline constexpr std::uint16_t configuration_reset = 0x399F;  // 32 V, 320 mV, 12 bit, continuous

enum Mode : std::uint8_t { power_down = 0, triggered_both = 3, continuous_both = 7 };

// BADC/SADC codes (8.6.2.1): resolution or number of 12-bit conversions averaged, typical conversion time, and the slowest.
// Only single conversions have a stated maximum; for averages the ratio of the 12-bit conversion (586/532) is assumed.
struct Adc {
  std::uint8_t code;
  int bits;
  int averages;
  double typical_s;
  double longest_s() const { return typical_s * 586.0 / 532.0; }
};
inline constexpr std::array adcs{
    Adc{0x0, 9, 1, 84e-6},      Adc{0x1, 10, 1, 148e-6},    Adc{0x2, 11, 1, 276e-6},     Adc{0x3, 12, 1, 532e-6},
    Adc{0x9, 12, 2, 1.06e-3},   Adc{0xA, 12, 4, 2.13e-3},   Adc{0xB, 12, 8, 4.26e-3},    Adc{0xC, 12, 16, 8.51e-3},
    Adc{0xD, 12, 32, 17.02e-3}, Adc{0xE, 12, 64, 34.05e-3}, Adc{0xF, 12, 128, 68.10e-3},
};
// The setting of the four bits as the chip decodes them: 01xx is the same as 00xx, 1000 as 0011.
inline const Adc& adc_of(std::uint8_t code) {
  const std::uint8_t plain = code == 0x8 ? 0x3 : (code & 0x8) != 0 ? code : code & 0x3;
  for (const Adc& adc : adcs) {
    if (adc.code == plain) return adc;
  }
  return adcs[3];
}

// PG (8.6.2.1): full scale of the shunt ADC and its largest offset (7.5). The LSB is 10 uV in every range.
struct Gain {
  std::uint8_t code;
  int range_mV;
  std::int16_t full_scale;  // raw
  double offset_limit_V;
};
inline constexpr std::array gains{Gain{0, 40, 4000, 100e-6}, Gain{1, 80, 8000, 125e-6}, Gain{2, 160, 16000, 150e-6},
                                  Gain{3, 320, 32000, 200e-6}};

// 7.5: gain errors over temperature (A grade), as limits.
inline constexpr double current_gain_limit = 0.01;
inline constexpr double bus_gain_limit = 0.01;

inline constexpr double shunt_lsb_V = 10e-6;
inline constexpr double bus_lsb_V = 4e-3;
inline constexpr std::uint16_t bus_CNVR = 0x2;  // conversion ready
inline constexpr std::uint16_t bus_OVF = 0x1;   // overflow of 03/04: arithmetic, not saturation

// One setting for both converters.
constexpr std::uint16_t configuration_word(bool range_32V, std::uint8_t pg, std::uint8_t adc, Mode mode) {
  return static_cast<std::uint16_t>((range_32V ? 0x2000U : 0U) | (pg & 3U) << 11U | (adc & 15U) << 7U | (adc & 15U) << 3U |
                                    (mode & 7U));
}

constexpr bool is_ready(std::uint16_t bus) {
  return (bus & bus_CNVR) != 0;
}
constexpr double bus_V(std::uint16_t bus) {
  return (bus >> 3U) * bus_lsb_V;
}
constexpr double shunt_V(std::uint16_t shunt) {
  return static_cast<std::int16_t>(shunt) * shunt_lsb_V;
}
// Whether the bus ADC is at the end of its range, 16 V or 32 V.
constexpr bool is_saturated_bus(std::uint16_t bus, bool range_32V) {
  return (bus >> 3U) >= (range_32V ? 8000U : 4000U);
}

// Whether the shunt ADC is at the end of its range (saturated), so that its value is only a bound.
constexpr bool is_saturated(std::uint16_t shunt, const Gain& gain) {
  const int raw = static_cast<std::int16_t>(shunt);
  return (raw < 0 ? -raw : raw) >= gain.full_scale;
}

// 8.5.1, equation 1. 16 bits of which bit 0 cannot be set; the largest word if the value is too large.
inline std::uint16_t calibration_word(double current_lsb_A, double shunt_ohm) {
  const double word = 0.04096 / (current_lsb_A * shunt_ohm);
  return static_cast<std::uint16_t>(word < 0xFFFE ? static_cast<unsigned>(word) & 0xFFFEU : 0xFFFEU);
}
// The chip's own computation (8.5.1, equations 4 and 5); the meter computes on the host instead, without rounding.
constexpr std::int16_t current_raw(std::uint16_t shunt, std::uint16_t cal) {
  return static_cast<std::int16_t>(static_cast<std::int16_t>(shunt) * static_cast<int>(cal) / 4096);
}
constexpr std::uint16_t power_raw(std::int16_t current, std::uint16_t bus) {
  return static_cast<std::uint16_t>((current < 0 ? -current : current) * (bus >> 3U) / 5000);
}

}  // namespace tbft::power::ina219
