// ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1 : Texas Instruments INA219 on an I2C bus, read without a kernel driver.
//
// Options: addr (0x40..0x4F), shunt_ohm (0.1), max_A (3.2; chooses the smallest of the ranges 40, 80, 160 and 320 mV that
// includes it), brng (16, 32 V), adc (9, 10, 11, 12 bits, x2 .. x128 averages, of both converters), i2c_hz, gain_pct, offset_A,
// gap_limit. Without adc the chip averages over the requested interval, or converts as fast as chip and bus allow.
#pragma once

#include <cstddef>
#include <memory>

#include "power/bus/i2c_bus.h"
#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

std::unique_ptr<Meter> open_ina219(const MeterUri& uri, double interval_s);

// Uses an open bus. `bus_hz`: its clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz).
std::unique_ptr<Meter> make_ina219(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz);

}  // namespace tbft::power
