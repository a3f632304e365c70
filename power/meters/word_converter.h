// ina226:// , ina260:// and ina3221:// : Texas Instruments INA226, INA260 (internal shunt) and INA3221 (one of its three
// channels) on an I2C bus, read without a kernel driver, such as ina226:///dev/i2c-1?addr=0x40&shunt_ohm=0.1.
//
// Options: addr (0x40..0x4F; INA3221 0x40..0x43), ct_us (140, 204, 332, 588, 1100, 2116, 4156, 8244), i2c_hz, gain_pct,
// offset_A, gap_limit. Without ct_us and avg the chip averages over the requested interval, or converts as fast as 588 us each
// and the bus allow.
// - INA226 and INA3221: shunt_ohm (required: boards differ), max_A (only checked against the range of the shunt's voltage);
// - INA226 and INA260: avg (1, 4, 16, 64, 128, 256, 512, 1024), ready (CHIP:LINE, the GPIO line that its ALERT pin pulls down,
//   such as pinctrl-rp1:17);
// - INA226: id (any: accepts a clone with another identity; its gain is then unknown);
// - INA3221: channel (1, 2, 3); the other two are switched off. Its own averaging is a running filter (8.4.1), whose results
//   overlap, so it is switched off, and the longest conversion, 8.244 ms, is the longest average.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "power/bus/i2c_bus.h"
#include "tbft/power/clock.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

std::unique_ptr<Meter> open_word_converter(const MeterUri& uri, double interval_s);

// Uses an open bus. `bus_hz`: its clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz). `ready`: its ALERT pin.
std::unique_ptr<Meter> make_word_converter(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                           std::shared_ptr<Clock> clock, double bus_hz,
                                           std::unique_ptr<GpioInput> ready = nullptr);

}  // namespace tbft::power
