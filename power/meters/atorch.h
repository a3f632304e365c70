// atorch:///dev/rfcomm0 : Atorch meters over Bluetooth or a serial adapter. The driver sends nothing.
//
// Options: kind (usb: UD18, J7-c and such; dc: DC meters and electronic loads), check (off: ignores the check byte, for loads
// that put noise there, such as the DL24; kind is then dc unless stated), baud (9600), gain_pct, offset_A (the meter's accuracy
// is unknown without them), gap_limit. A USB meter's steps of 10 mA and 10 mV are coarse: 50 mW at 5 V; a DC meter's are 1 mA
// and 0.1 V. Meters for mains are refused, because their power is not volts times amperes.
#pragma once

#include <memory>

#include "power/meters/serial_meter.h"

namespace tbft::power {

std::unique_ptr<Meter> open_atorch(const MeterUri& uri, double interval_s);
// Uses the caller's port. Throws BadMeterUri.
std::unique_ptr<SerialMeter> make_atorch(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
