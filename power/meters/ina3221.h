// ina3221:///dev/i2c-1?addr=0x40&channel=1&shunt_ohm=0.1 : one channel of a Texas Instruments INA3221 on an I2C bus, read
// without a kernel driver. The other two channels are switched off.
//
// Options: shunt_ohm (needed: boards differ), channel (1, 2, 3), addr (0x40..0x43), max_A (only checked against the range of
// 163.8 mV), ct_us (as ina226), i2c_hz, gain_pct, offset_A, gap_limit. The chip's own averaging is a running filter (8.4.1):
// its results overlap, so it stays off, and the longest conversion, 8.244 ms, is the longest average.
#pragma once

#include <memory>

#include "power/bus/i2c_bus.h"
#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

std::unique_ptr<Meter> open_ina3221(const MeterUri& uri, double interval_s);

// On a bus that is open already. `bus_hz`: its clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz).
std::unique_ptr<Meter> make_ina3221(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                    std::shared_ptr<Clock> clock, double bus_hz);

}  // namespace tbft::power
