// ina228:///dev/i2c-1?addr=0x40&shunt_ohm=0.015 : Texas Instruments INA228 on an I2C bus, read without a kernel driver. A
// counter: the chip itself sums its power over time, so no conversion is missed however slowly it is polled.
//
// Options: shunt_ohm (required, because boards differ), addr (0x40..0x4F), max_A, adcrange (auto, 0 for 163.84 mV, 1 for 40.96
// mV; auto takes the smallest that includes max_A), ct_us (50, 84, 150, 280, 540, 1052, 2074, 4120), avg and ready as ina226,
// i2c_hz, gain_pct, offset_A, gap_limit. The chip counts the magnitude of the power: a reverse current adds as well.
#pragma once

#include <memory>

#include "power/bus/i2c_bus.h"
#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

std::unique_ptr<Meter> open_ina228(const MeterUri& uri, double interval_s);

// Uses an open bus. `bus_hz`: its clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz). `ready`: its ALERT pin.
std::unique_ptr<Meter> make_ina228(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready = nullptr);

}  // namespace tbft::power
