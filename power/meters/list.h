// Every meter: open_NAME() opens it from its URI, find_NAME() lists those of this machine. NAME.cpp defines both, and says
// which options the URI has. `interval_s`: the requested sampling interval in seconds, 0 for the meter's own. Each throws
// BadMeterUri and MeterUnavailable. make_NAME() uses an open bus, port or clock instead of this machine's.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "power/bus/i2c_bus.h"
#include "power/meters/serial_meter.h"
#include "tbft/power/clock.h"
#include "tbft/power/detect.h"
#include "tbft/power/gpio.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Converters on an I2C bus. `bus_hz`: the bus's clock, 0 if unknown (then i2c_hz of the URI, or 100 kHz). `ready`: the ALERT
// pin.
std::unique_ptr<Meter> open_ina219(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_ina219(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz);
std::unique_ptr<Meter> open_ina228(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_ina228(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready = nullptr);
// INA226, INA260 and INA3221.
std::unique_ptr<Meter> open_word_converter(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_word_converter(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                           std::shared_ptr<Clock> clock, double bus_hz,
                                           std::unique_ptr<GpioInput> ready = nullptr);

// Sensors that the machine itself has.
std::unique_ptr<Meter> open_hwmon(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_hwmon(const Roots& roots);
std::unique_ptr<Meter> open_rapl(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_rapl(const Roots& roots);
std::unique_ptr<Meter> open_nvml(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_nvml(const Roots& roots);
std::unique_ptr<Meter> open_power_supply(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_power_supply(const Roots& roots);
std::unique_ptr<Meter> open_pmic(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_pmic(const Roots& roots);

// Meters at a serial port.
std::unique_ptr<Meter> open_rd_um(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_rd_um(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);
std::unique_ptr<Meter> open_tc66(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_tc66(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);
std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

// A meter on another machine. The clock must also drive the polls.
std::unique_ptr<Meter> open_remote(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_remote(const MeterUri& uri, std::shared_ptr<Clock> clock);

// Never a measurement. `root`: where /proc/stat is.
std::unique_ptr<Meter> open_replay(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> open_estimate(const MeterUri& uri, double interval_s, const std::filesystem::path& root = "/");

}  // namespace tbft::power
