// remote://HOST:PORT?key_file=F : a meter attached to another machine, served there by `tbft serve-meter`.
//
// Options: key_file (the server's key file; required unless the server listens on loopback only), timeout (of the first
// connection, 5 s), gap_limit. The description is that of the served meter: measured, scope, rates, accuracy. Readings are
// stamped on this machine's steady clock; latency_s grows by the stated error of the offset between the clocks (twice the error
// at the start plus 1 ms), and a reading whose instant is less certain is a gap. A lost connection is a gap and is retried
// after 0.1 s to 5 s. The first reading of a restarted server is flagged `reinitialised`, and a counter continues from its last
// value.
#pragma once

#include <memory>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Connects and gets the meter's info. Throws BadMeterUri (no HOST:PORT, an unusable key file) and MeterUnavailable (no answer
// in time, another key).
std::unique_ptr<Meter> open_remote(const MeterUri& uri, double interval_s);

// Uses the given clock, which must also drive the polls.
std::unique_ptr<Meter> make_remote(const MeterUri& uri, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
