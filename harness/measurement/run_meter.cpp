#include "harness/measurement/run_meter.h"

#include <fmt/format.h>

namespace tbft {

double idle_seconds(double requested_s, const power::MeterInfo& meter) {
  if (requested_s >= 0) return requested_s;
  return meter.measured ? 5 : 0;
}

std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s, std::string& warning,
                                                     const OpenMeter& open) {
  try {
    return open(uri, power::Seconds(interval_s));
  } catch (const power::MeterUnavailable& error) {
    if (uri != "auto") throw;
    auto meter = power::open_meter("estimate://", power::Seconds(interval_s));
    warning = fmt::format("{}; joules are an estimate: {}", error.what(), meter->info().description);
    return meter;
  }
}

}  // namespace tbft
