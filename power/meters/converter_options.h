// Common URI options of meters on I2C converters, and the properties derived from them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "power/meters/converter.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

inline constexpr MeterOption addr_option{.name = "addr",
                                         .meaning = "the chip's I2C address, set by its pins",
                                         .low = 0x40,
                                         .high = 0x4F,
                                         .values = "0x40 to 0x4F",
                                         .otherwise = "0x40"};
// Boards differ, and every joule depends on it.
inline constexpr MeterOption shunt_ohm_option{.name = "shunt_ohm",
                                              .meaning = "resistance of the shunt, printed on it (R100 is 0.1, R010 is 0.01)",
                                              .unit = "ohm",
                                              .low = 1e-5,
                                              .high = 100,
                                              .otherwise = "required"};
inline constexpr MeterOption max_A_option{.name = "max_A",
                                          .meaning = "largest current; checked against the range of the shunt's voltage",
                                          .unit = "A",
                                          .low = 1e-4,
                                          .high = 1e4,
                                          .otherwise = "what the range allows"};
inline constexpr MeterOption avg_option{.name = "avg",
                                        .meaning = "conversions that the chip averages",
                                        .low = 1,
                                        .high = 1024,
                                        .values = "1, 4, 16, 64, 128, 256, 512, 1024",
                                        .otherwise = "by the sampling interval"};
inline constexpr MeterOption ready_option{.name = "ready",
                                          .meaning = "GPIO line that the chip's ALERT pin pulls down, e.g. pinctrl-rp1:17",
                                          .values = "CHIP:LINE",
                                          .otherwise = "the chip is asked"};
inline constexpr MeterOption i2c_hz_option{.name = "i2c_hz",
                                           .meaning = "clock of the bus, where the system does not report it",
                                           .unit = "Hz",
                                           .low = 1e3,
                                           .high = 3.4e6,
                                           .otherwise = "as reported, or 100000"};

// The address in the URI. Throws BadMeterUri, which shows `example`, without a bus or for an address outside of the option's
// range.
std::uint8_t i2c_address(const MeterUri& uri, const MeterOption& address, std::string_view example);
// The time to read one register of `bytes` bytes: start, address, pointer, restart, address, bytes, stop.
double i2c_read_s(const MeterUri& uri, double bus_hz, int bytes = 2);
// The shortest interval that allows the next longer average in hardware.
double next_interval_s(const Timing& timing);
// The resolution with which the ends of a continuous converter are determined.
double resolution_s(const Timing& timing);
// The bus clock that applies: i2c_hz of the URI, the system's value, or 100 kHz.
double i2c_hz(const MeterUri& uri, double bus_hz);
// The shunt in ohm of a chip that measures `range_V` at most. Boards differ, so there is no default. Throws BadMeterUri if it
// is missing or max_A exceeds the range.
double shunt_option(const MeterUri& uri, double range_V);

// What a shunt that the URI does not state costs if another one is fitted.
std::string assumed_shunt_text(const MeterUri& uri, double assumed_ohm);

// Sets period, averaging, latency and gap limit of a meter that reads three registers for each result and writes one to
// trigger.
void set_pace(MeterInfo& info, const MeterUri& uri, const Timing& timing);
// The line that `ready` of the URI names, for falling edges; null without one. Throws BadMeterUri or MeterUnavailable.
std::unique_ptr<GpioInput> open_ready(const MeterUri& uri);

// Throws MeterUnavailable, with the identity found, unless the chip has the expected identity. Reads only.
void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift);

// The description of one line, with the parts common to all of these chips.
std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz);

}  // namespace tbft::power
