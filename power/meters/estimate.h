// estimate://?idle_W=2.2&busy_W=5.4 : power estimated from the processors' use. Never a measurement.
#pragma once

#include <filesystem>
#include <memory>

#include "tbft/power/meter.h"
#include "tbft/power/uri.h"

namespace tbft::power {

// P = idle_W + (busy_W - idle_W) x busy time / (wall time x cores), the mean between two polls, from ROOT/proc/stat (proc(5)).
// Its clock ticks are 10 ms, so the period is at least 0.05 s; the default is 0.1 s. The default watts are those of a Raspberry
// Pi 4, and the description calls them assumed. Throws MeterUnavailable if /proc/stat cannot be used.
std::unique_ptr<Meter> open_estimate(const MeterUri& uri, double interval_s, const std::filesystem::path& root = "/");

}  // namespace tbft::power
