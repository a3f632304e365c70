// um24c:///dev/rfcomm0, um25c://, um34c:// : RD (RuiDeng) USB meters over Bluetooth or a serial adapter.
//
// Options: baud (9600), gain_pct, offset_A (the meter's accuracy is unknown without them), gap_limit. The driver sends only F0
// (request values). Joules are the integral of V x A: the meter's own counter has steps of 1 mWh = 3.6 J.
#pragma once

#include <memory>

#include "power/meters/serial_meter.h"

namespace tbft::power {

std::unique_ptr<Meter> open_rd_um(const MeterUri& uri, double interval_s);
// Uses the caller's port. Throws BadMeterUri.
std::unique_ptr<SerialMeter> make_rd_um(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
