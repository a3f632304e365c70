#include "power/counters.h"

#include <fmt/format.h>

#include <stdexcept>

namespace tbft::power {

CounterUnwrapper::CounterUnwrapper(std::uint64_t range, double unit_J, double max_W)
    : range_(range), unit_J_(unit_J), max_W_(max_W) {
  if (range == 0 || !(unit_J > 0) || !(max_W > 0)) {
    throw std::invalid_argument(
        fmt::format("counter: range {}, unit {} J and largest power {} W must be positive", range, unit_J, max_W));
  }
}

CounterUnwrapper::Value CounterUnwrapper::next(TimeNs t_ns, std::uint64_t count) {
  if (count > range_) throw std::out_of_range(fmt::format("counter: {} is beyond its range {}", count, range_));
  Value value;
  if (last_) {
    total_ += count >= last_->count ? count - last_->count : count + (range_ - last_->count);
    value.ambiguous = max_W_ * to_seconds(t_ns - last_->t_ns) >= static_cast<double>(range_) * unit_J_;
  }
  last_ = Last{t_ns, count};
  value.energy_J = static_cast<double>(total_) * unit_J_;
  return value;
}

}  // namespace tbft::power
