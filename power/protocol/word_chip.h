// INA226 (SBOS547), INA260 (SBOS656) and INA3221 (SBOS576) of Texas Instruments: current converters whose result is in two
// 16-bit registers and whose ready flag is cleared by reading it. Each chip is a row of data; the functions convert registers
// to values and back. Pure. The limits are the datasheet's at 25 C with its drift over 40 C added.
#pragma once

#include <cstdint>
#include <string_view>

namespace tbft::power {

struct WordChip {
  enum Mode : std::uint8_t { triggered_both = 3, continuous_both = 7 };
  // Register Mask/Enable. `ready` is cleared by reading it and by writing the configuration.
  struct Status {
    std::uint8_t address;
    std::uint16_t latch;  // written once; 0 after a reset
    std::uint16_t ready;
    std::uint16_t alert;  // makes ALERT show `ready`; 0: not possible
  };
  // In volts at the shunt, or in amperes if the shunt is internal.
  struct Limits {
    double current_gain, bus_gain;
    double current_offset, bus_offset_V;
  };

  std::string_view scheme;  // of the URI, such as "ina226"
  std::string_view name;
  bool clones;  // whether clones with another identity exist
  std::uint16_t die;
  unsigned revision_bits;  // bits below `die` in its register
  int channels;
  std::uint16_t fixed;  // configuration: bits that always read 1, or the bit above the one that enables channel 1
  std::uint16_t reset;  // configuration after a reset: x1, 1.1 ms, continuous
  bool averages;
  Status status;
  int shift;             // values are signed, in the upper 16 - `shift` bits
  int lowest;            // most negative value, at which the current is saturated
  double shunt_range_V;  // 0: the shunt is internal
  double current_lsb;    // in the unit of the limits
  double bus_lsb_V;
  Limits limits;

  static constexpr std::uint8_t configuration = 0x00, manufacturer_id = 0xFE, die_id = 0xFF;
  // Channels count from 1.
  static constexpr std::uint8_t current_register(int channel) { return static_cast<std::uint8_t>(2 * channel - 1); }
  static constexpr std::uint8_t bus_register(int channel) { return static_cast<std::uint8_t>(2 * channel); }
  // Enables one channel only; `avg` and `ct` are codes of protocol/ina_conversion.h.
  constexpr std::uint16_t configuration_word(int channel, std::uint8_t avg, std::uint8_t ct, Mode mode) const {
    const unsigned head = channels > 1 ? fixed >> static_cast<unsigned>(channel) : fixed;
    return static_cast<std::uint16_t>(head | (avg & 7U) << 9U | (ct & 7U) << 6U | (ct & 7U) << 3U | mode);
  }
  constexpr int value(std::uint16_t raw) const { return static_cast<std::int16_t>(raw) >> shift; }
  constexpr double current(std::uint16_t raw) const { return value(raw) * current_lsb; }
  constexpr double bus_V(std::uint16_t raw) const { return value(raw) * bus_lsb_V; }
  constexpr bool is_saturated(std::uint16_t raw) const { return value(raw) >= 0x7FFF >> shift || value(raw) <= lowest; }
};

// Sections 7.1 (registers) and 5.5 (0.1 %, 10 uV; 50 ppm/C, 0.1 uV/C).
inline constexpr WordChip ina226{.scheme = "ina226",
                                 .name = "INA226",
                                 .clones = true,
                                 .die = 0x226,
                                 .revision_bits = 4,
                                 .channels = 1,
                                 .fixed = 0x4000,
                                 .reset = 0x4127,
                                 .averages = true,
                                 .status = {0x06, 0x0001, 0x0008, 0x0400},
                                 .shift = 0,
                                 .lowest = -0x8000,
                                 .shunt_range_V = 81.92e-3,
                                 .current_lsb = 2.5e-6,
                                 .bus_lsb_V = 1.25e-3,
                                 .limits = {0.003, 0.003, 14e-6, 7.5e-3}};
// Sections 8.6 (registers) and 7.5 (0.5 % over temperature including the resistor; 5 mA, 50 uA/C). The rest is as for the
// INA226.
inline constexpr WordChip ina260 = [] {
  WordChip chip = ina226;
  chip.scheme = "ina260";
  chip.name = "INA260";
  chip.clones = false;
  chip.die = 0x227;
  chip.fixed = 0x6000;
  chip.reset = 0x6127;
  chip.shunt_range_V = 0;
  chip.current_lsb = 1.25e-3;
  chip.limits.current_gain = 0.005;
  chip.limits.current_offset = 7e-3;
  return chip;
}();
// Sections 8.6.2 (registers; values of 13 bits) and 7.5 (0.25 %, 80 uV, 16 mV; 50 ppm/C, 0.5 uV/C).
inline constexpr WordChip ina3221{.scheme = "ina3221",
                                  .name = "INA3221",
                                  .clones = false,
                                  .die = 0x3220,
                                  .revision_bits = 0,
                                  .channels = 3,
                                  .fixed = 0x8000,
                                  .reset = 0x7127,
                                  .averages = false,
                                  .status = {0x0F, 0x0800, 0x0001, 0},
                                  .shift = 3,
                                  .lowest = -4095,
                                  .shunt_range_V = 163.8e-3,
                                  .current_lsb = 40e-6,
                                  .bus_lsb_V = 8e-3,
                                  .limits = {0.0045, 0.0045, 100e-6, 16e-3}};

}  // namespace tbft::power
