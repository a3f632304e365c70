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

// The address in the URI. Throws BadMeterUri, which shows `example`, without a bus or for an address outside [low, high].
std::uint8_t i2c_address(const MeterUri& uri, std::uint8_t low, std::uint8_t high, std::string_view example);
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
