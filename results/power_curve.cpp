#include "results/power_curve.h"

#include <algorithm>

namespace tbft::results {

void MinMax::add(std::int64_t t_ns, double power_W) {
  ++readings_;
  const std::int64_t index = t_ns / width_ns_;
  if (buckets_.empty() || buckets_.back().index != index) {
    buckets_.push_back({index, t_ns, t_ns, power_W, power_W, power_W, 1});
    while (buckets_.size() > most_) halve();
    return;
  }
  Bucket& last = buckets_.back();
  last.last_ns = t_ns;
  last.low_W = std::min(last.low_W, power_W);
  last.high_W = std::max(last.high_W, power_W);
  last.sum_W += power_W;
  ++last.n;
}

void MinMax::halve() {
  width_ns_ *= 2;
  std::size_t kept = 0;
  for (Bucket bucket : buckets_) {
    bucket.index /= 2;
    if (kept > 0 && buckets_[kept - 1].index == bucket.index) {
      Bucket& into = buckets_[kept - 1];
      into.last_ns = bucket.last_ns;
      into.low_W = std::min(into.low_W, bucket.low_W);
      into.high_W = std::max(into.high_W, bucket.high_W);
      into.sum_W += bucket.sum_W;
      into.n += bucket.n;
    } else {
      buckets_[kept++] = bucket;
    }
  }
  buckets_.resize(kept);
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
