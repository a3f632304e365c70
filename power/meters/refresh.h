// How often a device takes new values, learned from when its values were seen to change.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "tbft/power/units.h"

namespace tbft::power {

class Refresh {
 public:
  // Until enough was seen, the nominal period stands.
  explicit Refresh(double nominal_s) : nominal_(from_seconds(nominal_s)), period_(nominal_) {}

  // The values changed; the device took them at about this instant.
  void changed(TimeNs t);
  // Something was missed: the time to the next change says nothing.
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
