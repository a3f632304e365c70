// Flags of readings that are dropped on their way to a client.
#pragma once

#include <cstdint>
#include <utility>

#include "tbft/power/running_energy.h"

namespace tbft::power::remote {

// What dropped readings said of the meter, for the next sample that is delivered: a window over a reset, a suspend or the end
// of the sensor's range must not look whole because the reading that said so was dropped.
class OwedFlags {
 public:
  void drop(const Reading& reading) {
    flags_ = static_cast<std::uint8_t>(flags_ | (reading.flags & (saturated | reinitialised | asleep)));
  }
  // A reading that is no sample of this meter gets none, because its flags do not count.
  void pay(Reading& reading, const MeterInfo& meter) {
    if (!is_sample(reading, meter)) return;
    reading.flags = static_cast<std::uint8_t>(reading.flags | std::exchange(flags_, std::uint8_t{0}));
  }

 private:
  std::uint8_t flags_ = 0;
};

}  // namespace tbft::power::remote
