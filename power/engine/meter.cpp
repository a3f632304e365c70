#include "tbft/power/meter.h"

#include <array>

namespace tbft::power {

std::string to_string(Scope scope) {
  constexpr std::array names{"board", "package", "rail", "battery"};
  return names.at(static_cast<std::size_t>(scope));
}

MeterInfo Meter::sampled_info() const {
  MeterInfo sampled = info();
  const double interval_s = interval().count();
  if (interval_s > sampled.nominal_period_s && !sampled.paces_itself) {
    sampled.nominal_period_s = interval_s;
    sampled.gap_limit_s = std::max(sampled.gap_limit_s, default_gap_limit_s(interval_s));
  }
  return sampled;
}

}  // namespace tbft::power
