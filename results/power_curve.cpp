#include "results/power_curve.h"

#include <algorithm>
#include <utility>

namespace tbft::results {

void MinMax::add(std::int64_t t_ns, double power_W) {
  ++readings_;
  const std::int64_t index = t_ns / width_ns_;
  append({index, t_ns, t_ns, power_W, power_W, power_W, 1});
  while (buckets_.size() > most_) halve();
}

void MinMax::append(const Bucket& bucket) {
  if (buckets_.empty() || buckets_.back().index != bucket.index) return buckets_.push_back(bucket);
  Bucket& into = buckets_.back();
  into.last_ns = bucket.last_ns;
  into.low_W = std::min(into.low_W, bucket.low_W);
  into.high_W = std::max(into.high_W, bucket.high_W);
  into.sum_W += bucket.sum_W;
  into.n += bucket.n;
}

void MinMax::halve() {
  width_ns_ *= 2;
  for (Bucket bucket : std::exchange(buckets_, {})) {
    bucket.index /= 2;
    append(bucket);
  }
}

std::vector<PowerCurve::Bucket> MinMax::buckets() const {
  std::vector<PowerCurve::Bucket> result;
  result.reserve(buckets_.size());
  for (const Bucket& b : buckets_) {
    result.push_back({static_cast<double>(b.first_ns) / 1e9, static_cast<double>(b.last_ns) / 1e9, b.low_W, b.high_W,
                      b.sum_W / static_cast<double>(b.n)});
  }
  return result;
}

}  // namespace tbft::results
