// ina260:///dev/i2c-1?addr=0x40 : Texas Instruments INA260 (shunt inside) on an I2C bus, read without a kernel driver.
//
// Options: addr (0x40..0x4F), ct_us, avg and ready as ina226, i2c_hz, gain_pct, offset_A, gap_limit.
#pragma once

#include <memory>

#include "power/bus/i2c_bus.h"
#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

std::unique_ptr<Meter> open_ina260(const MeterUri& uri, double interval_s);

// On a bus that is open already. `bus_hz`: its clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz). `ready`: its ALERT
// pin.
std::unique_ptr<Meter> make_ina260(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready = nullptr);

}  // namespace tbft::power
