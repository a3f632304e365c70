// Two meters that measured the same windows, such as an INA219 and a USB meter on one supply: the ratio of their joules, with
// its interval, beside the accuracies that they state.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "results/statistics.h"
#include "results/tables/group.h"

namespace tbft::results {

// The joules of one window by both meters.
struct PairedJoules {
  Joules first, further;
};

struct MeterRatio {
  std::size_t windows = 0;  // in which both have joules that are resolved (is_resolved)
  double ratio = unknown;   // geometric mean over windows of the further meter's joules over the first one's
  // 95 % interval of that mean by the spread over windows, and never narrower than the random parts of U allow, which alone
  // decide for one window. It leaves out what the meters have in common in all windows (gain, offset).
  double low = unknown, high = unknown;
  // Stated accuracy: U (k = 2) relative to the joules, quadratic mean over the windows. Unknown where a meter states none.
  double U_first_rel = unknown, U_further_rel = unknown;
};
MeterRatio meter_ratio(std::span<const PairedJoules> windows);

enum class MeterVerdict {
  not_stated,  // no ratio, or a meter states no accuracy
  agree,       // a true ratio of 1 is possible within both accuracies and the interval
  differ
};
MeterVerdict verdict_of(const MeterRatio& ratio);

// "B: 1.0120 +- 0.0020 times the joules of A over 10 windows; accuracies stated (k=2): 1.1 % and 1.8 %, so they agree". Where
// there is no ratio, why.
std::string sentence(const MeterRatio& ratio, std::string_view first, std::string_view further);

}  // namespace tbft::results
