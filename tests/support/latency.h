// Wake-up and bus latencies for tests in virtual time, drawn from the quantiles of measured distributions.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tbft/power/units.h"

namespace tbft::power::testing {

struct Quantile {
  double share = 0;
  double us = 0;
};

// Interpolates linearly between the quantiles, from 0 to 1. With `stall_every_s`, the first wake-up in each such interval is
// `stall_us` later.
struct Latencies {
  const char* name = "";
  std::vector<Quantile> quantiles;
  double stall_every_s = 0;
  double stall_us = 0;
};

inline Latencies constant_latency(double us) {
  return {.name = "constant", .quantiles = {{0, us}, {1, us}}};
}

class LatencyDraw {
 public:
  explicit LatencyDraw(Latencies latencies, unsigned seed = 1) : latencies_(std::move(latencies)), random_(seed) {}

  TimeNs operator()(TimeNs now) {
    const double share = std::uniform_real_distribution<>(0, 1)(random_);
    const auto& q = latencies_.quantiles;
    auto next = std::ranges::find_if(q, [&](const Quantile& x) { return x.share >= share; });
    next = next == q.begin() ? next + 1 : next;
    const Quantile &a = *(next - 1), &b = *next;
    double us = a.us + (b.us - a.us) * (share - a.share) / (b.share - a.share);
    if (latencies_.stall_every_s > 0 && now >= next_stall_) {
      us += latencies_.stall_us;
      next_stall_ = now + from_seconds(latencies_.stall_every_s);
    }
    return static_cast<TimeNs>(us * 1e3);
  }

 private:
  Latencies latencies_;
  std::mt19937_64 random_;
  TimeNs next_stall_ = 0;
};

}  // namespace tbft::power::testing
