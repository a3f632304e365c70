// The readings that snapshots of a Monitor need.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "tbft/power/meter.h"
#include "tbft/power/running_energy.h"

namespace tbft::power {

// Keeps every reading since the oldest snapshot that exists, and the last sample before that snapshot.
class KeptReadings {
 public:
  bool pinned() const { return !pins_.empty(); }
  void pin(std::weak_ptr<const TimeNs> instant) { pins_.push_back(std::move(instant)); }
  void add(const Reading& reading, const MeterInfo& meter) {
    readings_.push_back(reading);
    if (readings_.size() >= trim_at_) trim(meter);
  }
  // The position from which integration from `t0_ns` begins: the last sample at or before it. Positions count from the first
  // reading ever kept.
  std::size_t position(TimeNs t0_ns, const MeterInfo& meter) const {
    auto it = std::ranges::upper_bound(readings_, t0_ns, {}, &Reading::t_ns);
    while (it != readings_.begin() && !is_sample(*--it, meter)) continue;
    return dropped_ + static_cast<std::size_t>(it - readings_.begin());
  }
  std::vector<Reading> some(std::size_t position) const {
    constexpr std::size_t most = 4096;
    const auto from = readings_.begin() + static_cast<std::ptrdiff_t>(std::max(position, dropped_) - dropped_);
    return {from, from + static_cast<std::ptrdiff_t>(std::min(most, static_cast<std::size_t>(readings_.end() - from)))};
  }

 private:
  // Runs each time that the number of readings has doubled, so that a reading costs little.
  void trim(const MeterInfo& meter) {
    std::erase_if(pins_, [](const auto& pin) { return pin.expired(); });
    std::size_t keep = dropped_ + readings_.size();
    for (const auto& pin : pins_) {
      if (const auto t_ns = pin.lock()) keep = std::min(keep, position(*t_ns, meter));
    }
    readings_.erase(readings_.begin(), readings_.begin() + static_cast<std::ptrdiff_t>(keep - dropped_));
    dropped_ = keep;
    trim_at_ = std::max(least_trim, 2 * readings_.size());
  }

  static constexpr std::size_t least_trim = 1024;
  std::deque<Reading> readings_;
  std::vector<std::weak_ptr<const TimeNs>> pins_;
  std::size_t dropped_ = 0;
  std::size_t trim_at_ = least_trim;
};

}  // namespace tbft::power
