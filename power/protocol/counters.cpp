#include "power/protocol/counters.h"

#include <fmt/format.h>

#include <stdexcept>

namespace tbft::power {
namespace {

constexpr double slack_s = 0.005;  // a counter is updated slightly before or after a read

}  // namespace

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
    const std::uint64_t more = count >= last_->count ? count - last_->count : count + (range_ - last_->count);
    total_ += more;
    const double most_J = max_W_ * (to_seconds(t_ns - last_->t_ns) + slack_s);
    // This is more than the device can have drawn, so the counter restarted (suspend, driver reloaded) and did not wrap.
    value.ambiguous = most_J >= static_cast<double>(range_) * unit_J_ || static_cast<double>(more) * unit_J_ > most_J;
  }
  last_ = Last{t_ns, count};
  value.energy_J = static_cast<double>(total_) * unit_J_;
  return value;
}

bool CounterGuard::follows(const std::optional<Count>& earlier, const Count& now) const {
  if (!earlier) return false;
  const double more_J = now.count_J - earlier->count_J;
  return more_J >= 0 && more_J <= max_W_ * to_seconds(now.t_ns - earlier->t_ns) + slack_J_;
}

std::optional<CounterGuard::Value> CounterGuard::next(TimeNs t_ns, double count_J) {
  const Count now{t_ns, count_J};
  // Checked first, because after a jump the elapsed time alone would make the jump possible.
  const bool began_anew = follows(doubtful_, now);
  if (last_ && !began_anew && !follows(last_, now)) {
    doubtful_ = now;
    return std::nullopt;
  }
  if (began_anew) before_J_ += last_->count_J - count_J;
  last_ = now;
  doubtful_.reset();
  return Value{.energy_J = before_J_ + count_J, .began_anew = began_anew};
}

}  // namespace tbft::power
