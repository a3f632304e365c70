#include "harness/run_meter.h"

#include <fmt/format.h>

#include "power/registry.h"

namespace tbft {

std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s, std::string& warning) {
  try {
    return power::open_meter(uri, interval_s);
  } catch (const power::MeterUnavailable& error) {
    if (uri != "auto") throw;
    auto meter = power::open_meter("estimate://", interval_s);
    warning = fmt::format("{}; joules are an estimate: {}", error.what(), meter->info().description);
    return meter;
  }
}

}  // namespace tbft
