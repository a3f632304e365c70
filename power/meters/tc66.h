// tc66:///dev/ttyACM0 : RDTech TC66 and TC66C over USB.
//
// Options: baud (USB ignores it), gain_pct, offset_A (the meter's accuracy is unknown without them), gap_limit. The driver
// sends only `getva` (request values). Joules are the integral of V x A: the meter's own counter has steps of 1 mWh = 3.6 J.
#pragma once

#include <memory>

#include "power/meters/serial_meter.h"

namespace tbft::power {

std::unique_ptr<Meter> open_tc66(const MeterUri& uri, double interval_s);
// Uses the caller's port. Throws BadMeterUri.
std::unique_ptr<SerialMeter> make_tc66(const MeterUri& uri, OpenSerialPort open, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
