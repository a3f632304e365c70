// Every meter: open_NAME() opens it from its URI, find_NAME() lists those of this machine, and NAME_options() are the options
// of the URI, which open_NAME() accepts beside gap_limit. NAME.cpp defines all of them. `interval_s`: the requested sampling
// interval in seconds, 0 for the meter's own. Each throws BadMeterUri and MeterUnavailable. make_NAME() uses an open bus, port
// or clock instead of this machine's.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "power/bus/byte_source.h"
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
std::span<const MeterOption> ina219_options();
std::unique_ptr<Meter> open_ina219(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_ina219(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz);
std::span<const MeterOption> ina228_options();
std::unique_ptr<Meter> open_ina228(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_ina228(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                   std::shared_ptr<Clock> clock, double bus_hz, std::unique_ptr<GpioInput> ready = nullptr);
// INA226, INA260 and INA3221.
std::span<const MeterOption> word_converter_options(std::string_view name);
std::unique_ptr<Meter> open_word_converter(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_word_converter(const MeterUri& uri, double interval_s, std::unique_ptr<I2cBus> bus,
                                           std::shared_ptr<Clock> clock, double bus_hz,
                                           std::unique_ptr<GpioInput> ready = nullptr);

// Sensors that the machine itself has.
std::span<const MeterOption> hwmon_options();
std::unique_ptr<Meter> open_hwmon(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_hwmon(const Roots& roots);
std::span<const MeterOption> rapl_options();
std::unique_ptr<Meter> open_rapl(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_rapl(const Roots& roots);
std::span<const MeterOption> nvml_options();
std::unique_ptr<Meter> open_nvml(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_nvml(const Roots& roots);
std::span<const MeterOption> power_supply_options();
std::unique_ptr<Meter> open_power_supply(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_power_supply(const Roots& roots);
std::span<const MeterOption> pmic_options();
std::unique_ptr<Meter> open_pmic(const MeterUri& uri, double interval_s, const Roots& roots = {});
std::vector<FoundMeter> find_pmic(const Roots& roots);

// Meters at a serial port.
std::span<const MeterOption> rd_um_options();
std::unique_ptr<Meter> open_rd_um(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_rd_um(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);
std::span<const MeterOption> tc66_options();
std::unique_ptr<Meter> open_tc66(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_tc66(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);
std::span<const MeterOption> atorch_options();
std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double interval_s);
std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

// Lines of numbers from a program or a pipe. open_exec() runs the program that the URI names.
std::span<const MeterOption> lines_options();
std::unique_ptr<Meter> open_exec(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> open_lines(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_lines(const MeterUri& uri, std::unique_ptr<ByteSource> source, std::shared_ptr<Clock> clock);

// A meter on another machine. The clock must also drive the polls.
std::span<const MeterOption> remote_options();
std::unique_ptr<Meter> open_remote(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_remote(const MeterUri& uri, std::shared_ptr<Clock> clock);

// The sum of other meters, which it polls; open_sum() opens them and never runs a program. make_sum(): the meters of the URI's
// parts, in the alphabetical order of their names, and the clock that also drives the polls.
std::span<const MeterOption> sum_options();
std::unique_ptr<Meter> open_sum(const MeterUri& uri, double interval_s);
std::unique_ptr<Meter> make_sum(const MeterUri& uri, std::vector<std::unique_ptr<Meter>> meters, std::shared_ptr<Clock> clock,
                                const Roots& roots = {});

// Never a measurement. `root`: where /proc/stat is.
std::span<const MeterOption> replay_options();
std::unique_ptr<Meter> open_replay(const MeterUri& uri, double interval_s);
std::span<const MeterOption> estimate_options();
std::unique_ptr<Meter> open_estimate(const MeterUri& uri, double interval_s, const std::filesystem::path& root = "/");

}  // namespace tbft::power
