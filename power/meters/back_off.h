// The wait before the next attempt, doubled after each attempt up to a limit.
#pragma once

#include <algorithm>

#include "tbft/power/units.h"

namespace tbft::power {

class BackOff {
 public:
  BackOff(double first_s, double longest_s) : first_(from_seconds(first_s)), longest_(from_seconds(longest_s)), next_(first_) {}

  // The wait before the present attempt.
  TimeNs next() {
    const TimeNs wait = next_;
    next_ = std::min(2 * next_, longest_);
    return wait;
  }
  // Called after a success: the next failure starts with the shortest wait.
  void reset() { next_ = first_; }

 private:
  TimeNs first_, longest_, next_;
};

}  // namespace tbft::power
