// Learns a device's refresh period from the times at which its values changed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

class Refresh {
 public:
  // The learned period, or the nominal one until there were enough changes.
  explicit Refresh(double nominal_s) : nominal_(from_seconds(nominal_s)), period_(nominal_) {}

  // The values changed; the device took them at approximately this instant.
  void changed(TimeNs t);
  // Values were missed, so the time to the next change is not used.
  void interrupted() { last_.reset(); }

  TimeNs period() const { return period_; }
  bool learned() const { return seen_ >= needed; }

 private:
  static constexpr std::size_t kept = 15;
  static constexpr std::size_t needed = 5;

  TimeNs nominal_;
  TimeNs period_;
  std::optional<TimeNs> last_;
  std::array<TimeNs, kept> spacings_{};  // a ring
  std::size_t seen_ = 0;
};

}  // namespace tbft::power
