// The meters whose uncertainty is checked: what the makers say of the device, and what the driver says of its meter.
#pragma once

#include <string>
#include <vector>

#include "tbft/power/meter.h"
#include "tests/coverage/device.h"

namespace tbft::coverage {

struct MeterCase {
  std::string name;
  DeviceKind device;
  power::MeterInfo info;
};
std::vector<MeterCase> meter_cases();

}  // namespace tbft::coverage
