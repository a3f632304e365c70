// What the URIs of meters on I2C converters have in common, and what follows from it.
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

// Throws BadMeterUri without a bus, or for an address outside [low, high]; `example` is shown.
std::uint8_t i2c_address(const MeterUri& uri, std::uint8_t low, std::uint8_t high, std::string_view example);
// One register of `bytes` bytes: start, address, pointer, restart, address, bytes, stop.
double i2c_read_s(const MeterUri& uri, double bus_hz, int bytes = 2);
// The interval that the next longer average in hardware fits into.
double next_interval_s(const Timing& timing);
// How closely a continuous converter's ends are told.
double resolution_s(const Timing& timing);
// The bus clock that applies: i2c_hz of the URI, what the system says, or 100 kHz.
double i2c_hz(const MeterUri& uri, double bus_hz);
// The shunt of a chip that measures `range_V` at most. Boards differ, so there is no default. Throws BadMeterUri, also where
// max_A does not fit.
double shunt_option(const MeterUri& uri, double range_V);

// Sets period, averaging, latency and gap limit of a meter that reads three registers a result, and writes one to trigger.
void set_pace(MeterInfo& info, const MeterUri& uri, const Timing& timing);
// The line that `ready` of the URI names, for falling edges; null without one. Throws BadMeterUri or MeterUnavailable.
std::unique_ptr<GpioInput> open_ready(const MeterUri& uri);

// Throws MeterUnavailable, with what was found, unless the chip names itself. Reads only.
void require_identity(std::string_view name, const std::string& uri, std::uint16_t manufacturer, std::uint16_t id,
                      std::uint16_t wanted_id, unsigned id_shift);

// The line for people that all of these chips have.
std::string describe(std::string_view chip, const MeterUri& uri, std::uint8_t address, std::string_view what, double bus_hz);

}  // namespace tbft::power
