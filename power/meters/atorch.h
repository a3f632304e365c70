// atorch:///dev/rfcomm0 : Atorch USB meters (UD18, J7-c and such) over Bluetooth or a serial adapter. Nothing is sent to them.
//
// Options: baud (9600), gain_pct, offset_A (the meter's accuracy is unknown without them), gap_limit. Steps of 10 mA and 10 mV
// are coarse: 50 mW at 5 V. Meters for mains or batteries lay their reports out otherwise and are refused.
#pragma once

#include <memory>

#include "power/meters/serial_meter.h"

namespace tbft::power {

std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double interval_s);
// On a port of the caller's. Throws BadMeterUri.
std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
