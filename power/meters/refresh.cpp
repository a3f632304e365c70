#include "power/meters/refresh.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>

namespace tbft::power {
namespace {

TimeNs sorted_mean_up_to(std::span<const TimeNs> sorted, TimeNs limit) {
  const auto end = std::ranges::upper_bound(sorted, limit);
  return std::reduce(sorted.begin(), end) / std::distance(sorted.begin(), end);
}

}  // namespace

void Refresh::changed(TimeNs t) {
  if (last_ && t > *last_) {
    const TimeNs spacing = t - *last_;
    // Under a constant load nothing changes for many periods, so such a spacing gives no information on one period.
    if (spacing >= nominal_ / 8 && spacing <= 4 * nominal_) spacings_[seen_++ % kept] = spacing;
  }
  last_ = t;
  if (!learned()) return;

  std::array<TimeNs, kept> sorted = spacings_;
  const auto seen = std::span(sorted).first(std::min(seen_, kept));
  std::ranges::sort(seen);
  // A refresh with unchanged values gives a spacing of two or three periods, so only the short spacings are single periods.
  const TimeNs single = std::max<TimeNs>(1, sorted_mean_up_to(seen, seen[seen.size() / 4] * 8 / 5));
  TimeNs sum = 0;
  std::int64_t periods = 0;
  for (const TimeNs spacing : seen) {
    sum += spacing;
    periods += std::max<std::int64_t>(1, (spacing + single / 2) / single);
  }
  period_ = std::clamp(sum / periods, nominal_ / 4, 2 * nominal_);
}

}  // namespace tbft::power
