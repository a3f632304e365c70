#include "tbft/power/meter.h"

namespace tbft::power {

std::string to_string(Scope scope) {
  switch (scope) {
    case Scope::board:
      return "board";
    case Scope::package:
      return "package";
    case Scope::rail:
      return "rail";
    case Scope::battery:
      return "battery";
  }
  throw std::logic_error("power: a scope without a name");
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
