#include "harness/run_meter.h"

#include "power/registry.h"

namespace tbft {

std::unique_ptr<power::Meter> open_meter_or_estimate(const std::string& uri, double interval_s) {
  try {
    return power::open_meter(uri, interval_s);
  } catch (const power::MeterUnavailable&) {
    if (uri != "auto") throw;
    return power::open_meter("estimate://", interval_s);
  }
}

}  // namespace tbft
