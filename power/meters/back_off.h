// How long to wait before the next attempt: doubled after each one, up to a limit.
#pragma once

#include <algorithm>

#include "tbft/power/units.h"

namespace tbft::power {

class BackOff {
 public:
  BackOff(double first_s, double longest_s) : first_(from_seconds(first_s)), longest_(from_seconds(longest_s)), next_(first_) {}

  // The wait before the attempt that comes now.
  TimeNs next() {
    const TimeNs wait = next_;
    next_ = std::min(2 * next_, longest_);
    return wait;
  }
  // It worked: the next failure begins anew.
  void reset() { next_ = first_; }

 private:
  TimeNs first_, longest_, next_;
};

}  // namespace tbft::power
