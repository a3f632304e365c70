// remote://HOST:PORT?key_file=F : a meter attached to another machine, served there by `tbft serve-meter`.
//
// Options: key_file (the file that the server was given; needed unless it listens on loopback alone), timeout (5 s, of the
// first connection), gap_limit. Everything the meter says of itself is the served meter's: measured, scope, rates, accuracy.
// Readings are stamped on this machine's steady clock; latency_s grows by the stated error of the offset between the clocks
// (twice that at the start and 1 ms), and a reading whose instant is not known that well is a gap. A lost connection is a gap
// and tried again after 0.1 s to 5 s; a server that was started anew is `reinitialised`, and a counter goes on from where it
// was.
#pragma once

#include <memory>

#include "tbft/power/clock.h"
#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// Connects, and knows the meter's info after. Throws BadMeterUri (no HOST:PORT, a key file that cannot be used) and
// MeterUnavailable (nobody answers in time, another key).
std::unique_ptr<Meter> open_remote(const MeterUri& uri, double interval_s);

// With a clock of its own choice; the same one must drive the polls.
std::unique_ptr<Meter> make_remote(const MeterUri& uri, std::shared_ptr<Clock> clock);

}  // namespace tbft::power
